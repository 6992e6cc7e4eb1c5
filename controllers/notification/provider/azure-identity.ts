import { readFile } from 'node:fs/promises';
import { isRecord } from '../json-record.ts';
import { parseJson } from './get-json.ts';
import type { HttpClient } from './http.ts';
import { type DeliverySettings, postBody } from './notifier.ts';

/**
 * A token for the identity of this workload, by the variables that AKS gives to its pods.
 * @param scope such as `https://eventhubs.azure.net/.default`
 */
export async function azureToken(
  { environment, tokens, hide }: DeliverySettings,
  scope: string,
  http: HttpClient,
  signal: AbortSignal,
): Promise<string> {
  const { AZURE_CLIENT_ID: client, AZURE_TENANT_ID: tenant, AZURE_FEDERATED_TOKEN_FILE: file } = environment;
  if (!client || !tenant || !file)
    throw new Error('no token in the secret, and no workload identity of Azure in this pod');
  const authority = (environment['AZURE_AUTHORITY_HOST'] || 'https://login.microsoftonline.com').replace(/\/+$/, '');
  const token = await tokens.get(`azure ${client} ${tenant} ${scope}`, async () => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client,
      scope,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: (await readFile(file, 'utf8')).trim(),
    });
    const contentType = 'application/x-www-form-urlencoded';
    const url = `${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
    return readAccessToken(await postBody(http, url, form.toString(), signal, { contentType }), Date.now());
  });
  hide(token);
  return token;
}

/** As OAuth answers (RFC 6749 section 5.1). @param now milliseconds since the epoch */
export function readAccessToken(answer: string, now: number): { readonly token: string; readonly expiresAt: number } {
  const parsed = parseJson(answer, 'get an access token');
  const seconds = isRecord(parsed) ? Number(parsed['expires_in']) : Number.NaN;
  if (!isRecord(parsed) || typeof parsed['access_token'] !== 'string' || Number.isNaN(seconds))
    throw new Error('could not get an access token: the answer has no access_token and expires_in');
  return { token: parsed['access_token'], expiresAt: now + seconds * 1000 };
}
