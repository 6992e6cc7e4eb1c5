import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { type Dispatcher, request } from 'undici';

/** A GitHub App as a Secret names it. */
export interface GitHubApp {
  readonly appId: string;
  readonly privateKey: KeyObject;
  /** The account that installed it, or the number of the installation. */
  readonly installation: { readonly owner: string } | { readonly id: string };
  /** Of the API, without a slash at the end. */
  readonly baseUrl: string;
}

const defaultBaseUrl = 'https://api.github.com';
const keys = [
  'githubAppID',
  'githubAppPrivateKey',
  'githubAppInstallationID',
  'githubAppInstallationOwner',
  'githubAppBaseURL',
] as const;

/** Whether a Secret speaks of a GitHub App at all. */
export function hasGitHubApp(data: Readonly<Record<string, string>>): boolean {
  return keys.some((key) => data[key] !== undefined);
}

/**
 * Reads the App of a Secret (source spec 2.8).
 * @throws Error with a text fit for a condition; it holds nothing of the key
 */
export function readGitHubApp(data: Readonly<Record<string, string>>): GitHubApp {
  const value = (key: (typeof keys)[number]): string => (data[key] ?? '').trim();
  for (const key of ['githubAppID', 'githubAppPrivateKey'] as const) {
    if (value(key) === '') throw new Error(`key '${key}' is missing`);
  }
  const [id, owner] = [value('githubAppInstallationID'), value('githubAppInstallationOwner')];
  if ((id === '') === (owner === '')) {
    throw new Error("exactly one of 'githubAppInstallationID' and 'githubAppInstallationOwner' must be set");
  }
  for (const [key, text] of [
    ['githubAppID', value('githubAppID')],
    ['githubAppInstallationID', id || '0'],
  ] as const) {
    if (!/^\d+$/.test(text)) throw new Error(`key '${key}' is no number`);
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(value('githubAppPrivateKey'));
  } catch {
    throw new Error("key 'githubAppPrivateKey' is no private key in PEM form"); // the library's text may quote the input
  }
  const baseUrl = value('githubAppBaseURL') || defaultBaseUrl;
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl))
    throw new Error("key 'githubAppBaseURL' is no http(s) address");
  return {
    appId: value('githubAppID'),
    privateKey,
    installation: id === '' ? { owner } : { id },
    baseUrl: baseUrl.replace(/\/+$/, ''),
  };
}

/** Proves to GitHub which App asks: a token for less than ten minutes, its clock a minute back. */
export function appToken({ appId, privateKey }: Pick<GitHubApp, 'appId' | 'privateKey'>, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: seconds - 60, exp: seconds + 540, iss: appId })}`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

interface Token {
  readonly token: string;
  readonly dropAt: number;
}

/** Tokens of installations, kept for four fifths of their life. */
export class GitHubTokens {
  readonly #tokens = new Map<string, Token>();
  readonly #limits: { readonly maxSize: number; readonly maxMs: number };
  readonly #now: () => Date;

  constructor(limits: { readonly maxSize: number; readonly maxMs: number }, now: () => Date = () => new Date()) {
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * A token that reads the repositories of an installation.
   * @throws Error with a text fit for a condition
   */
  async get(app: GitHubApp, dispatcher: Dispatcher, signal: AbortSignal): Promise<string> {
    const key = identity(app);
    const known = this.#tokens.get(key);
    if (known !== undefined && known.dropAt > this.#now().getTime()) return known.token;
    const api = { app, dispatcher, signal, now: this.#now() };
    const id = 'id' in app.installation ? app.installation.id : await installationOf(app.installation.owner, api);
    const answer = await call('POST', `/app/installations/${id}/access_tokens`, api);
    const { token, expires_at: expires } = answer.body;
    if (answer.status !== 201 || typeof token !== 'string') {
      throw new Error(`could not get a GitHub App installation token: ${answer.why}`);
    }
    const lifeMs = Math.min(Date.parse(String(expires)) - this.#now().getTime() || 0, this.#limits.maxMs);
    this.#tokens.delete(key);
    this.#tokens.set(key, { token, dropAt: this.#now().getTime() + lifeMs * 0.8 });
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= this.#limits.maxSize) break;
      this.#tokens.delete(oldest);
    }
    return token;
  }
}

function identity({ appId, privateKey, installation, baseUrl }: GitHubApp): string {
  const key = privateKey.export({ type: 'pkcs8', format: 'der' });
  return createHash('sha256')
    .update(JSON.stringify([appId, installation, baseUrl]))
    .update(key)
    .digest('hex');
}

interface Api {
  readonly app: GitHubApp;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
  readonly now: Date;
}

/** An account is an organization or a person; only the API knows which. */
async function installationOf(owner: string, api: Api): Promise<string> {
  let why = '';
  for (const kind of ['orgs', 'users']) {
    const answer = await call('GET', `/${kind}/${encodeURIComponent(owner)}/installation`, api);
    const { id } = answer.body;
    if (answer.status === 200 && typeof id === 'number') return String(id);
    ({ why } = answer);
    if (answer.status !== 404) break;
  }
  throw new Error(`could not find the GitHub App installation of '${owner}': ${why}`);
}

async function call(
  method: 'GET' | 'POST',
  path: string,
  { app, dispatcher, signal, now }: Api,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>>; readonly why: string }> {
  const answer = await request(`${app.baseUrl}${path}`, {
    method,
    dispatcher,
    signal,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${appToken(app, now)}`,
      'user-agent': 'sluice',
      'x-github-api-version': '2022-11-28',
    },
  });
  let text = '';
  for await (const piece of answer.body) {
    text += String(piece);
    if (text.length > 1024 * 1024) throw new Error('the answer of GitHub is larger than 1 MiB');
  }
  const body = parsed(text);
  const { message } = body;
  const said = typeof message === 'string' ? `: ${message.slice(0, 200)}` : '';
  return { status: answer.statusCode, body, why: `received status ${answer.statusCode}${said}` };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
