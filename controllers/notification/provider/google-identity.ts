import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { isRecord, type JsonRecord } from '../json-record.ts';
import { readAccessToken } from './azure-identity.ts';
import type { HttpClient } from './http.ts';
import { signJwt } from './jwt.ts';
import { type DeliverySettings, postBody, ProviderConfigError } from './notifier.ts';

/** Gives a token for Google's APIs. */
export type GoogleIdentity = (http: HttpClient, signal: AbortSignal) => Promise<string>;

/**
 * Who speaks to Google: the account of a JSON key (a service account, or a user's refresh token), without one the account
 * that the machine has.
 * @throws ProviderConfigError
 */
export function googleIdentity(settings: DeliverySettings, scope: string): GoogleIdentity {
  const { tokens, hide, token: credentials, environment } = settings;
  const exchange =
    credentials === '' ? machineAccount(environment) : exchangeOf(readCredentials(credentials), scope, hide);
  const key = createHash('sha256').update(`google\n${scope}\n${credentials}`).digest('hex');
  return async (http, signal) => {
    const token = await tokens.get(key, async () => readAccessToken(await exchange(http, signal), Date.now()));
    hide(token);
    return token;
  };
}

/** Asks for a token. @returns OAuth's answer */
type Exchange = (http: HttpClient, signal: AbortSignal) => Promise<string>;

function machineAccount(environment: DeliverySettings['environment']): Exchange {
  const host = environment['GCE_METADATA_HOST'] || 'metadata.google.internal';
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  return async (http, signal) =>
    (await http.send(url, { method: 'GET', headers: { 'Metadata-Flavor': 'Google' }, signal })).body;
}

function readCredentials(text: string): JsonRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined; // the parser's own words quote the key
  }
  if (isRecord(parsed)) return parsed;
  throw new ProviderConfigError('invalid google credentials: expected the JSON of a key in token');
}

function exchangeOf(credentials: JsonRecord, scope: string, hide: (text: string) => void): Exchange {
  const field = (name: string): string => {
    const value = credentials[name];
    if (typeof value === 'string' && value !== '') return value;
    throw new ProviderConfigError(`invalid google credentials: "${name}" is missing`);
  };
  const tokenUrl =
    typeof credentials['token_uri'] === 'string' ? field('token_uri') : 'https://oauth2.googleapis.com/token';
  const post = (fields: Record<string, string>, http: HttpClient, signal: AbortSignal): Promise<string> =>
    postBody(http, tokenUrl, new URLSearchParams(fields).toString(), signal, {
      contentType: 'application/x-www-form-urlencoded',
    });
  switch (credentials['type']) {
    case 'service_account': {
      const iss = field('client_email');
      const key = readKey(field('private_key'));
      hide(field('private_key'));
      const keyId = typeof credentials['private_key_id'] === 'string' ? credentials['private_key_id'] : undefined;
      return (http, signal) => {
        const iat = Math.floor(Date.now() / 1000);
        const assertion = signJwt({ iss, scope, aud: tokenUrl, iat, exp: iat + 3600 }, key, keyId);
        return post({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }, http, signal);
      };
    }
    case 'authorized_user': {
      const [client_id, client_secret, refresh_token] = [
        field('client_id'),
        field('client_secret'),
        field('refresh_token'),
      ];
      hide(client_secret);
      hide(refresh_token);
      return (http, signal) =>
        post({ grant_type: 'refresh_token', client_id, client_secret, refresh_token }, http, signal);
    }
    default:
      throw new ProviderConfigError(
        `invalid google credentials: type '${String(credentials['type'])}', expected service_account or authorized_user`,
      );
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new ProviderConfigError('invalid google credentials: private_key is no private key in PEM');
  }
}
