import { discard, headerOf, readBody, send, type SendOptions } from '#http';
import type { Challenge } from './challenge.ts';
import { parseChallenge } from './challenge.ts';
import type { RegistryCredentials } from './credentials.ts';
import { OciError } from './oci-error.ts';

type Reach = Pick<SendOptions, 'dispatcher' | 'signal'>;

const mostTokenBytes = 1024 * 1024;

/** Knows what to send as `authorization`, from the first challenge on. */
export class Authenticator {
  readonly #credentials: RegistryCredentials | undefined;
  readonly #scope: string;
  #authorization: string | undefined;

  /** @param repository that is going to be read */
  constructor(credentials: RegistryCredentials | undefined, repository: string) {
    this.#credentials = credentials;
    this.#scope = `repository:${repository}:pull`;
    if (credentials?.registryToken !== undefined) this.#authorization = `Bearer ${credentials.registryToken}`;
  }

  get authorization(): string | undefined {
    return this.#authorization;
  }

  /**
   * Answers a 401.
   * @param from who asked: a token service is only told the password over https, unless the registry is plain http itself
   * @returns whether there is anything new to try
   * @throws OciError 'unauthorized' | 'protocol', HttpError
   */
  async answer(header: string, from: URL, reach: Reach): Promise<boolean> {
    const challenge = parseChallenge(header);
    if (challenge === undefined) return false;
    const before = this.#authorization;
    this.#authorization =
      challenge.scheme === 'basic'
        ? basic(this.#credentials)
        : `Bearer ${await this.#fetchToken(challenge, from, reach)}`;
    return this.#authorization !== undefined && this.#authorization !== before;
  }

  async #fetchToken(challenge: Extract<Challenge, { scheme: 'bearer' }>, from: URL, reach: Reach): Promise<string> {
    const realm = realmUrl(challenge.realm, from);
    const scope = challenge.scope === '' ? this.#scope : challenge.scope;
    const refreshToken = this.#credentials?.identityToken;
    const answer =
      refreshToken === undefined
        ? await this.#get(realm, challenge.service, scope, reach)
        : await postRefresh(realm, { service: challenge.service, scope, refreshToken }, reach);
    if (answer.status !== 200) {
      await discard(answer);
      const code = answer.status === 401 || answer.status === 403 ? 'unauthorized' : 'protocol';
      throw new OciError(
        code,
        `cannot get a token from ${realm.origin}${realm.pathname}: unexpected status code ${answer.status}`,
      );
    }
    return tokenIn(await readBody(answer, mostTokenBytes, reach.signal), realm);
  }

  #get(realm: URL, service: string, scope: string, reach: Reach): ReturnType<typeof send> {
    const target = new URL(realm);
    if (service !== '') target.searchParams.set('service', service);
    target.searchParams.set('scope', scope);
    return send(target, { ...reach, authorization: basic(this.#credentials) });
  }
}

function realmUrl(realm: string, from: URL): URL {
  let url: URL;
  try {
    url = new URL(realm);
  } catch {
    throw new OciError('protocol', `cannot get a token: the realm of ${from.host} is no URL`);
  }
  const isPlain = url.protocol === 'http:' && from.protocol === 'http:';
  if (url.protocol !== 'https:' && !isPlain) {
    throw new OciError('protocol', `cannot get a token: the realm ${url.origin} of ${from.host} is not https`);
  }
  return url;
}

function postRefresh(
  realm: URL,
  ask: { readonly service: string; readonly scope: string; readonly refreshToken: string },
  reach: Reach,
): ReturnType<typeof send> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    service: ask.service,
    client_id: 'sluice',
    scope: ask.scope,
    refresh_token: ask.refreshToken,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return send(realm, { ...reach, method: 'POST', headers, body: body.toString() });
}

function tokenIn(body: Buffer, realm: URL): string {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString('utf8'));
  } catch {
    answer = undefined;
  }
  if (typeof answer === 'object' && answer !== null) {
    const fields = new Map<string, unknown>(Object.entries(answer));
    for (const name of ['token', 'access_token']) {
      const token = fields.get(name);
      if (typeof token === 'string' && token !== '' && !/[\r\n]/.test(token)) return token;
    }
  }
  throw new OciError('protocol', `cannot get a token from ${realm.origin}${realm.pathname}: the answer has none`);
}

function basic(credentials: RegistryCredentials | undefined): string | undefined {
  if (credentials === undefined || (credentials.username === '' && credentials.password === '')) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64')}`;
}

/** The challenge of a refused request. */
export function challengeOf(answer: Parameters<typeof headerOf>[0]): string {
  return headerOf(answer, 'www-authenticate') ?? '';
}
