import { type Dispatcher, request } from 'undici';
import { failureWords } from './failure-words.ts';
import { HttpError } from './http-error.ts';

export interface SendOptions {
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Value of the `authorization` header; it follows a redirect only where `keepsCredentials` says so. */
  readonly authorization?: string | undefined;
  readonly body?: string | undefined;
  /** Default 10; 0 hands a redirect over as an answer. */
  readonly mostRedirects?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** To be read to its end or destroyed. */
  readonly body: Dispatcher.ResponseData['body'];
  /** Where it came from in the end. */
  readonly url: URL;
}

/**
 * One request, redirects of a GET or HEAD followed.
 * @throws HttpError; the reason of `signal` when it aborts for anything but a deadline
 */
export async function send(url: URL, options: SendOptions): Promise<Answer> {
  const { method = 'GET', mostRedirects = 10 } = options;
  let target = url;
  for (let hops = 0; ; hops++) {
    const answer = await sendOnce(target, url, method, options);
    const location = headerOf(answer, 'location');
    const moved = answer.status >= 300 && answer.status < 400 && location !== undefined && method !== 'POST';
    if (!moved || mostRedirects === 0) return answer;
    await answer.body.dump({ limit: 64 * 1024 }).catch(() => undefined);
    if (hops === mostRedirects)
      throw new HttpError('redirect', `${quoted(method, url)}: stopped after ${hops} redirects`);
    target = redirectTarget(location, target, method);
  }
}

async function sendOnce(target: URL, origin: URL, method: string, options: SendOptions): Promise<Answer> {
  const { authorization, dispatcher, signal } = options;
  try {
    const answer = await request(target, {
      method,
      headers: {
        'user-agent': 'sluice',
        ...options.headers,
        ...(authorization !== undefined && keepsCredentials(origin, target) && { authorization }),
      },
      body: options.body ?? null,
      dispatcher,
      signal,
      // The caller's signal bounds the whole.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body, url: target };
  } catch (error) {
    throw requestError(error, method, target, signal);
  }
}

/** What a failed request or a broken body is told as. */
export function requestError(error: unknown, method: string, target: URL, signal: AbortSignal): unknown {
  const what = quoted(method, target);
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    const timedOut = reason instanceof DOMException && reason.name === 'TimeoutError';
    return timedOut ? new HttpError('timeout', `${what}: context deadline exceeded`, { cause: reason }) : reason;
  }
  if (error instanceof HttpError) return error;
  const words = failureWords(error, target);
  return new HttpError(words.includes('x509: ') ? 'untrusted' : 'unreachable', `${what}: ${words}`, { cause: error });
}

function redirectTarget(location: string, from: URL, method: string): URL {
  const refuse = (why: string): HttpError => new HttpError('redirect', `${quoted(method, from)}: ${why}`);
  let target: URL;
  try {
    target = new URL(location, from);
  } catch {
    throw refuse('redirected to what is no URL');
  }
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw refuse(`redirected to unsupported scheme "${target.protocol}"`);
  }
  target.username = '';
  target.password = '';
  return target;
}

/** Whether a redirect may still carry the credentials: to the same host or one below it, on the same port, never from https to http. */
export function keepsCredentials(from: URL, to: URL): boolean {
  if (from.protocol === 'https:' && to.protocol === 'http:') return false;
  if (from.port !== to.port) return false; // empty for the default port of each scheme
  return to.hostname === from.hostname || to.hostname.endsWith(`.${from.hostname}`);
}

/** One value of a header; undefined without it. */
export function headerOf({ headers }: Pick<Answer, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** `Get "https://host/path"`, as Go says it; without userinfo and without the query, which may carry a signature. */
export function quoted(method: string, url: URL): string {
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  return `${verb} "${url.origin}${url.pathname}"`;
}
