import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { isRecord } from '../json-record.ts';
import { findJson, getJson, parseJson } from './get-json.ts';
import type { HttpClient } from './http.ts';
import { signJwt } from './jwt.ts';
import { type DeliverySettings, postJson, ProviderConfigError } from './notifier.ts';
import type { AccessToken } from './token-cache.ts';

/** A GitHub App, installed at the owner of a repository. */
export interface GitHubApp {
  readonly api: string;
  /** Of the installation. */
  token(signal: AbortSignal): Promise<string>;
  login(signal: AbortSignal): Promise<string>;
}

/**
 * The App of a Secret, by Flux's keys; undefined when it has none.
 * @throws ProviderConfigError when it is incomplete
 */
export function githubApp(settings: DeliverySettings, defaultApi: string, http: HttpClient): GitHubApp | undefined {
  const text = (key: string): string => settings.secret.get(key)?.toString('utf8').trim() ?? '';
  const id = text('githubAppID');
  if (id === '') return undefined;
  const owner = text('githubAppInstallationOwner');
  const installation = text('githubAppInstallationID');
  if (owner === '' && installation === '')
    throw new ProviderConfigError(
      'invalid github app secret: expected githubAppInstallationID or githubAppInstallationOwner',
    );
  const key = readKey(text('githubAppPrivateKey'));
  const api = text('githubAppBaseURL').replace(/\/+$/, '') || defaultApi;
  const headers = (): Record<string, string> => ({
    Authorization: `Bearer ${appToken(id, key, Date.now())}`,
    Accept: 'application/vnd.github+json',
  });
  const exchange = async (signal: AbortSignal): Promise<AccessToken> => {
    const number = installation === '' ? await installationOf(owner, api, http, headers(), signal) : installation;
    const path = `${api}/app/installations/${encodeURIComponent(number)}/access_tokens`;
    return readToken(await postJson(http, path, '{}', headers(), signal));
  };
  const cacheKey = createHash('sha256')
    .update([api, id, installation, owner, text('githubAppPrivateKey')].join('\n'))
    .digest('hex');
  return {
    api,
    async token(signal) {
      const token = await settings.tokens.get(cacheKey, () => exchange(signal));
      settings.hide(token);
      return token;
    },
    async login(signal) {
      const app = await getJson(http, `${api}/app`, headers(), signal, 'read the github app');
      if (!isRecord(app) || typeof app['slug'] !== 'string') throw new Error('could not read the github app: no slug');
      return `${app['slug']}[bot]`;
    },
  };
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new ProviderConfigError('invalid github app secret: githubAppPrivateKey is no private key in PEM');
  }
}

/** The JWT by which an App speaks for itself: https://docs.github.com/apps, "Generating a JSON Web Token". */
function appToken(id: string, key: KeyObject, now: number): string {
  const seconds = Math.floor(now / 1000);
  // A minute back: GitHub's clock may lag behind. Ten minutes are the most that it takes.
  return signJwt({ iat: seconds - 60, exp: seconds + 540, iss: id }, key);
}

/** An owner is an organization or a user; which of the two, only asking tells. */
async function installationOf(
  owner: string,
  api: string,
  http: HttpClient,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const what = `find the installation of the github app at '${owner}'`;
  for (const kind of ['orgs', 'users']) {
    const url = `${api}/${kind}/${encodeURIComponent(owner)}/installation`;
    const found = await findJson(http, url, headers, signal, what);
    if (isRecord(found) && typeof found['id'] === 'number') return String(found['id']);
  }
  throw new Error(`could not ${what}: there is none`);
}

function readToken(answer: string): AccessToken {
  const what = 'get a token of the github app';
  const parsed = parseJson(answer, what);
  const expiresAt = isRecord(parsed) ? Date.parse(String(parsed['expires_at'])) : Number.NaN;
  if (!isRecord(parsed) || typeof parsed['token'] !== 'string' || Number.isNaN(expiresAt))
    throw new Error(`could not ${what}: the answer has no token and expires_at`);
  return { token: parsed['token'], expiresAt };
}
