import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from './listen.ts';
import { waitFor } from './wait-for.ts';

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: Date;
}

/** What to do with a request: an answer, maybe late; silence for ever; or a connection that is cut. */
export type SinkAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
      readonly delayMs?: number;
    }
  | 'hang'
  | 'reset';

export interface HttpSink extends AsyncDisposable {
  readonly url: string;
  /** PEM of the authority to trust; undefined for plain http. */
  readonly ca: string | undefined;
  /** Everything received so far, in order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** Decides the answer to each further request; 200 without a body until set. */
  answer(decide: (request: ReceivedRequest, count: number) => SinkAnswer): void;
  /** Waits until `count` requests that match have arrived, and returns them. */
  received(
    count: number,
    options?: { readonly timeoutMs?: number; readonly where?: (request: ReceivedRequest) => boolean },
  ): Promise<readonly ReceivedRequest[]>;
  clear(): void;
}

/** An HTTP server that remembers what it is sent: the other side of providers, webhooks and events. */
export async function httpSink(options: { readonly tls?: boolean } = {}): Promise<HttpSink> {
  const requests: ReceivedRequest[] = [];
  let total = 0;
  let decide: (request: ReceivedRequest, count: number) => SinkAnswer = () => ({ status: 200 });
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const request: ReceivedRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString('utf8'),
      at: new Date(),
    };
    requests.push(request);
    total += 1;
    const answer = decide(request, total);
    if (answer === 'hang') return;
    if (answer === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (answer.delayMs !== undefined) await sleep(answer.delayMs, undefined, { ref: false });
    response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
  };
  const server = await listen(
    (incoming, response) => void handle(incoming, response).catch(() => response.destroy()),
    options,
  );
  return {
    url: server.url,
    ca: server.ca,
    requests,
    answer(next) {
      decide = next;
    },
    received: (count, { timeoutMs = 20_000, where = () => true } = {}) =>
      waitFor(
        () => {
          const matching = requests.filter(where);
          return matching.length >= count && matching;
        },
        { timeoutMs, what: `${count} requests at ${server.url} (${requests.length} have come)` },
      ),
    clear() {
      requests.length = 0;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
