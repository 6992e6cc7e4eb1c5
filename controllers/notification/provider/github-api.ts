import { parseRepositoryAddress, requireOwnerAndName } from './commit-status.ts';
import { getJson } from './get-json.ts';
import { githubApp } from './github-app.ts';
import type { HttpClient } from './http.ts';
import { isRecord } from '../json-record.ts';
import { type DeliverySettings, ProviderConfigError } from './notifier.ts';

type Headers = Readonly<Record<string, string>>;

/** A repository's REST API at GitHub or GitHub Enterprise, by a token or as an App. */
export interface GitHubRepository {
  /** `https://api.github.com/repos/owner/name`. */
  readonly url: string;
  headers(signal: AbortSignal): Promise<Headers>;
  /** The login that comments are made under. */
  login(signal: AbortSignal): Promise<string>;
}

/** @throws ProviderConfigError */
export function openGitHub(settings: DeliverySettings, http: HttpClient): GitHubRepository {
  const address = parseRepositoryAddress(settings.address);
  const path = requireOwnerAndName(address);
  const { origin } = address;
  const api = origin === 'https://github.com' ? 'https://api.github.com' : `${origin}/api/v3`;
  const token = settings.token === '' ? settings.password : settings.token;
  const app = token === '' ? githubApp(settings, api, http) : undefined;
  if (token === '' && app === undefined)
    throw new ProviderConfigError('github token or github app details must be specified');
  const headers = async (signal: AbortSignal): Promise<Headers> =>
    githubHeaders(app === undefined ? token : await app.token(signal));
  return {
    url: `${app?.api ?? api}/repos/${path}`,
    headers,
    async login(signal) {
      if (app !== undefined) return app.login(signal);
      const user = await getJson(http, `${api}/user`, githubHeaders(token), signal, 'read the user of the token');
      if (!isRecord(user) || typeof user['login'] !== 'string')
        throw new Error('could not read the user of the token: the answer names none');
      return user['login'];
    },
  };
}

export function githubHeaders(token: string): Headers {
  return {
    Authorization: `Bearer ${token}`,
    Accept: 'application/vnd.github+json',
    'X-GitHub-Api-Version': '2022-11-28',
  };
}
