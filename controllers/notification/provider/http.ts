import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';

/** Tries after the first one, and the bounds of the waits between them (spec section 6, HTTP client). */
const maxRetries = 4;
const minWaitMs = 2000;
const maxWaitMs = 30_000;
/** Most that is read of an answer. */
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
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** What providers send with; replaced in no test: those listen on loopback. */
export interface HttpClient extends AsyncDisposable {
  /**
   * Any 2xx is success. Connection errors, 429 and 5xx are tried again until the signal aborts.
   * @throws Error `failed to execute request: …` or `request failed with status code 404, …`
   */
  send(url: string, call: HttpCall): Promise<HttpAnswer>;
}

export function httpClient(
  settings: HttpSettings,
  waitMs: { readonly min: number; readonly max: number } = { min: minWaitMs, max: maxWaitMs },
): HttpClient {
  const dispatcher = dispatcherOf(settings);
  return {
    async send(url, call) {
      for (let attempt = 0; ; attempt++) {
        const outcome = await attemptOnce(dispatcher, url, call);
        if ('answer' in outcome && outcome.answer.status >= 200 && outcome.answer.status < 300) return outcome.answer;
        const final = !isTransient(outcome) || attempt >= maxRetries;
        if (final) throw failure(outcome);
        const delay = Math.min(waitMs.min * 2 ** attempt, waitMs.max);
        await sleep(delay, undefined, { signal: call.signal }).catch(() => undefined);
        if (call.signal.aborted)
          throw new Error('failed to execute request: context deadline exceeded', { cause: failure(outcome) });
      }
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.destroy();
    },
  };
}

type Attempt = { readonly answer: HttpAnswer } | { readonly error: Error; readonly aborted: boolean };

async function attemptOnce(dispatcher: Dispatcher, url: string, call: HttpCall): Promise<Attempt> {
  try {
    const response = await request(url, {
      dispatcher,
      method: call.method,
      headers: { 'User-Agent': 'sluice-notification-controller', ...call.headers },
      body: call.body ?? null,
      signal: call.signal,
    });
    return { answer: { status: response.statusCode, body: await readAnswer(response.body) } };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)), aborted: call.signal.aborted };
  }
}

async function readAnswer(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isTransient(outcome: Attempt): boolean {
  if ('error' in outcome) return !outcome.aborted;
  return outcome.answer.status === 429 || (outcome.answer.status >= 500 && outcome.answer.status !== 501);
}

function failure(outcome: Attempt): Error {
  if ('error' in outcome) {
    const text = outcome.aborted ? 'context deadline exceeded' : describe(outcome.error);
    return new Error(`failed to execute request: ${text}`, { cause: outcome.error });
  }
  const { status, body } = outcome.answer;
  return new Error(
    `request failed with status code ${status}${body.trim() === '' ? '' : `, ${body.trim().slice(0, 500)}`}`,
  );
}

/** undici puts the reason of an aggregate (several addresses tried) into its parts. */
function describe(error: Error): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(String).join('; ');
  return error.message;
}

function dispatcherOf(settings: HttpSettings): Dispatcher {
  const tls = {
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.certificate === undefined ? {} : settings.certificate),
  };
  if (settings.proxy !== undefined && settings.proxy !== '')
    return new ProxyAgent({ uri: settings.proxy, requestTls: tls });
  return new Agent({ connect: tls, keepAliveTimeout: 1000 });
}
