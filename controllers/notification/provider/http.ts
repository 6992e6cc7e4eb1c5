import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, interceptors, request } from 'undici';
import type { Connections } from './connections.ts';
import { type Attempt, isTransient, retryDelayMs, whyItFailed } from './http-attempt.ts';

/** Tries after the first one (spec section 6, HTTP client). */
const maxRetries = 4;
/** As Go's client. */
const maxRedirections = 10;
/** Most that is read of an answer: a list of commit statuses is the largest. */
const maxAnswerBytes = 1024 * 1024;

export interface HttpSettings {
  /** Trusted instead of the system's roots, in PEM. */
  readonly ca?: string | undefined;
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  /** `http://proxy:3128`, credentials included. */
  readonly proxy?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** An answer that is no success, after all tries. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** What providers send with. */
export interface HttpClient {
  /**
   * Any 2xx is success. Connection errors, 429 and 5xx are tried again until the signal aborts.
   * @throws Error `failed to execute request: …`, HttpStatusError `request failed with status code 404, …`
   */
  send(url: URL | string, call: HttpCall): Promise<HttpAnswer>;
}

/**
 * A client for one delivery; disposing it closes the connections that are its own.
 * @param mask takes the secrets out of what a server answered, before it is cut for an error text
 */
export function httpClient(
  settings: HttpSettings,
  connections: Connections,
  mask: (text: string) => string,
): HttpClient & AsyncDisposable {
  const lease = connections.lease(settings);
  return {
    async send(url, call) {
      // Tokens travel in headers of many names: towards another host only what describes the body is kept.
      const stripHeadersOnCrossOriginRedirect = Object.keys(call.headers ?? {}).filter((name) => !isHarmless(name));
      const dispatcher = lease
        .towards(new URL(url))
        .compose(interceptors.redirect({ maxRedirections, stripHeadersOnCrossOriginRedirect }));
      for (let attempt = 0; ; attempt++) {
        const outcome = await attemptOnce(dispatcher, url, call);
        if ('status' in outcome && outcome.status >= 200 && outcome.status < 300) return outcome;
        const why = whyItFailed(outcome, mask);
        if (call.signal.aborted) throw new Error('failed to execute request: context deadline exceeded');
        if (attempt >= maxRetries || !isTransient(outcome))
          throw 'status' in outcome ? new HttpStatusError(why, outcome.status) : new Error(why);
        await sleep(retryDelayMs(attempt, outcome, Date.now()), undefined, { signal: call.signal }).catch(() => {
          throw new Error(`failed to execute request: context deadline exceeded (last attempt: ${why})`);
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await lease[Symbol.asyncDispose]();
    },
  };
}

function isHarmless(header: string): boolean {
  return ['accept', 'content-type', 'user-agent'].includes(header.toLowerCase());
}

async function attemptOnce(dispatcher: Dispatcher, url: URL | string, call: HttpCall): Promise<Attempt> {
  try {
    const target = new URL(url);
    const response = await request(withoutCredentials(target), {
      dispatcher,
      method: call.method,
      headers: mergeHeaders(
        { 'User-Agent': 'sluice-notification-controller' },
        basicAuthorization(target),
        call.headers ?? {},
      ),
      body: call.body ?? null,
      signal: call.signal,
    });
    const retryAfter = response.headers['retry-after'];
    return {
      status: response.statusCode,
      body: await readAnswer(response.body),
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Later ones replace earlier ones, whatever their case. */
function mergeHeaders(...layers: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const byName = new Map<string, readonly [string, string]>();
  for (const layer of layers)
    for (const [name, value] of Object.entries(layer)) byName.set(name.toLowerCase(), [name, value]);
  return Object.fromEntries(byName.values());
}

/** Credentials in a URL are sent as Go's client does. */
function basicAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

async function readAnswer(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // undici's bodies yield Buffers; leaving the loop destroys the rest.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
