import { Agent, type Dispatcher, request } from 'undici';
import { GitError } from './git-error.ts';
import { describeFailure } from './http-failure.ts';
import { proxyDispatcher, type ProxyOptions, tlsSettings } from './proxy.ts';
import type { UploadPack } from './upload-pack.ts';

export type Credentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** PEM texts. */
export interface TlsOptions {
  /** Trusted beside the roots that Node trusts. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface HttpOptions {
  /** `https://[user[:password]@]host/path`; what the credentials do not say is taken from here. */
  readonly url: string;
  readonly credentials?: Credentials | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly proxy?: ProxyOptions | undefined;
  /** Shared connections, for remotes without TLS options or a proxy of their own. */
  readonly dispatcher?: Dispatcher | undefined;
}

const mostRedirects = 10;
const advertisement = '/info/refs?service=git-upload-pack';

/** One remote over HTTP: who asks, whom to trust, and where redirects led. */
export class HttpConnection implements UploadPack {
  /** As configured, without userinfo: for messages. */
  readonly url: string;
  readonly #origin: URL;
  readonly #authorization: string | undefined;
  readonly #dispatcher: Dispatcher | undefined;
  readonly #ownAgent: Dispatcher | undefined;
  /** Where the service answers: the URL, or what it redirected to. */
  #base: URL;

  constructor(options: HttpOptions) {
    const url = new URL(options.url);
    this.#authorization = authorizationOf(options.credentials, url);
    url.username = '';
    url.password = '';
    url.hash = '';
    url.pathname = url.pathname.replace(/\/+$/, '');
    this.url = url.href.replace(/\/$/, '');
    this.#origin = url;
    this.#base = url;
    this.#ownAgent = openDispatcher(options);
    this.#dispatcher = this.#ownAgent ?? options.dispatcher;
  }

  /** What upload-pack advertises. The body must be read or destroyed. */
  async advertise(signal: AbortSignal): Promise<Dispatcher.ResponseData['body']> {
    let target = new URL(this.#base.href.replace(/\/$/, '') + advertisement);
    for (let hops = 0; hops <= mostRedirects; hops++) {
      const answer = await this.#send('GET', target, { accept: '*/*', 'git-protocol': 'version=2' }, undefined, signal);
      const location = answer.headers['location'];
      if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string') {
        const type = String(answer.headers['content-type'] ?? '');
        if (!type.startsWith('application/x-git-upload-pack-advertisement')) {
          await answer.body.dump();
          throw new GitError(
            'protocol',
            `${quoted('Get', target)}: the server does not speak the smart HTTP protocol of Git`,
          );
        }
        this.#base = serviceBase(target);
        return answer.body;
      }
      await answer.body.dump();
      target = new URL(location, target);
      if (target.protocol !== 'http:' && target.protocol !== 'https:') {
        throw new GitError(
          'protocol',
          `${quoted('Get', this.#origin)}: redirect to unsupported scheme "${target.protocol}"`,
        );
      }
      target.username = '';
      target.password = '';
    }
    throw new GitError('protocol', `${quoted('Get', this.#origin)}: stopped after ${mostRedirects} redirects`);
  }

  /** Sends a request to upload-pack; redirects of a POST are not followed, the advertisement has settled the address. */
  async upload(body: Buffer, protocol: 0 | 2, signal: AbortSignal): Promise<Dispatcher.ResponseData['body']> {
    const target = new URL(`${this.#base.href.replace(/\/$/, '')}/git-upload-pack`);
    const answer = await this.#send(
      'POST',
      target,
      {
        accept: 'application/x-git-upload-pack-result',
        'content-type': 'application/x-git-upload-pack-request',
        ...(protocol === 2 && { 'git-protocol': 'version=2' }),
      },
      body,
      signal,
    );
    if (answer.statusCode >= 300) {
      await answer.body.dump();
      throw new GitError('protocol', `${quoted('Post', target)}: unexpected redirect`);
    }
    return answer.body;
  }

  async #send(
    method: 'GET' | 'POST',
    target: URL,
    headers: Readonly<Record<string, string>>,
    body: Buffer | undefined,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    signal.throwIfAborted();
    const authorized = this.#authorization !== undefined && keepsCredentials(this.#origin, target);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(target, {
        method,
        headers: {
          'user-agent': 'git/sluice',
          ...headers,
          ...(authorized && { authorization: this.#authorization }),
        },
        body: body ?? null,
        signal,
        // The caller's signal bounds the whole.
        headersTimeout: 0,
        bodyTimeout: 0,
        ...(this.#dispatcher !== undefined && { dispatcher: this.#dispatcher }),
      });
    } catch (error) {
      throw describeFailure(error, quoted(method === 'GET' ? 'Get' : 'Post', target), target, signal);
    }
    if (answer.statusCode < 400) return answer;
    const reason = await reasonOf(answer);
    throw statusError(answer.statusCode, reason, target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ownAgent?.destroy();
  }
}

function authorizationOf(credentials: Credentials | undefined, url: URL): string | undefined {
  if (credentials?.kind === 'bearer') return `Bearer ${credentials.token}`;
  const username = credentials?.username || decodeURIComponent(url.username);
  const password = credentials?.password || decodeURIComponent(url.password);
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Connections with TLS options or a proxy of their own; undefined where the shared ones do. */
export function openDispatcher({ tls, proxy }: Pick<HttpOptions, 'tls' | 'proxy'>): Dispatcher | undefined {
  if (proxy !== undefined) return proxyDispatcher(proxy, tls);
  return tls === undefined ? undefined : new Agent({ connect: tlsSettings(tls) });
}

/**
 * Whether a redirect may still carry the credentials: to the same host or one below it, on the same port, and never from https
 * to http.
 */
export function keepsCredentials(from: URL, to: URL): boolean {
  if (from.protocol === 'https:' && to.protocol === 'http:') return false;
  if (from.port !== to.port) return false; // empty for the default port of each scheme
  return to.hostname === from.hostname || to.hostname.endsWith(`.${from.hostname}`);
}

function serviceBase(advertised: URL): URL {
  if (!advertised.pathname.endsWith('/info/refs')) {
    throw new GitError('protocol', `${quoted('Get', advertised)}: redirected to what is not a Git service`);
  }
  const base = new URL(advertised);
  base.pathname = base.pathname.slice(0, -'/info/refs'.length);
  base.search = '';
  return base;
}

function quoted(verb: 'Get' | 'Post', url: URL): string {
  return `${verb} "${url.href}"`;
}

/** The first line of a short text that an error answer brings, as `Invalid username or password.` */
async function reasonOf(answer: Dispatcher.ResponseData): Promise<string> {
  const type = String(answer.headers['content-type'] ?? '');
  if (!type.startsWith('text/plain')) {
    await answer.body.dump({ limit: 64 * 1024 }).catch(() => undefined);
    return '';
  }
  let text = '';
  try {
    for await (const piece of answer.body) {
      text += String(piece);
      if (text.length > 1024) break;
    }
  } catch {
    // The status alone says enough.
  }
  return (text.split(/[\r\n]/)[0] ?? '').replace(/\p{Cc}/gu, '').slice(0, 256);
}

function statusError(status: number, reason: string, target: URL): GitError {
  // The blank after the colon is there without a reason too: people match on Flux's words (source spec 3.1).
  if (status === 401) return new GitError('authenticationRequired', `authentication required: ${reason}`);
  if (status === 403) return new GitError('authorizationFailed', `authorization failed: ${reason}`);
  if (status === 404) return new GitError('repositoryNotFound', `repository not found: ${reason}`);
  return new GitError(
    'unreachable',
    `unexpected requesting "${target.href}" status code: ${status}: ${reason}`.replace(/: $/, ''),
  );
}
