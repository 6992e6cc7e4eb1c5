import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Largest body that an event or a webhook may have (spec 5.2 and 7). */
export const maxBodyBytes: number = 3 * 1024 * 1024;

/** Time that answers under way get at shutdown, in milliseconds. */
const closeMs = 2000;

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpMeter {
  /** Called when a request comes in. @returns what to call when it was answered */
  begin(request: IncomingMessage): (status: number, bodyBytes: number) => void;
}

export interface Endpoint {
  /** `host:port`; `:9090` is every interface. */
  readonly address: string;
  /** What it throws is answered with 500. */
  readonly handle: (request: IncomingMessage) => Promise<HttpAnswer>;
  readonly meter: HttpMeter;
  readonly onError: (error: unknown) => void;
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * The whole body. What is too large is let go as it comes (for 30 s at most, the limit of a request): a caller that is cut
 * off while it sends would not read the answer.
 * @throws BodyTooLarge past `maxBodyBytes`
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = Number(request.headers['content-length'] ?? 0);
  if (bytes <= maxBodyBytes) {
    bytes = 0;
    // The stream has no encoding set, so it yields Buffers.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) break;
      chunks.push(chunk);
    }
  }
  if (bytes <= maxBodyBytes) return Buffer.concat(chunks);
  request.resume();
  throw new BodyTooLarge(`cannot read the body: it is larger than ${maxBodyBytes} bytes`);
}

/** Listens with the limits of the spec (read 30 s, header 10 s, headers 256 KiB); closing ends idle connections at once. */
export async function listen(endpoint: Endpoint): Promise<AsyncDisposable> {
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 256 * 1024 },
    (request, response) => void respond(request, response, endpoint),
  );
  const { host, port } = hostAndPort(endpoint.address);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`cannot listen on "${endpoint.address}": ${error.message}`, { cause: error })),
    );
    server.listen(port, host, resolve);
  });
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), closeMs).unref();
      await closed;
    },
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, endpoint: Endpoint): Promise<void> {
  const done = endpoint.meter.begin(request);
  let answer: HttpAnswer;
  try {
    answer = await endpoint.handle(request);
  } catch (error) {
    endpoint.onError(error);
    answer = { status: 500 };
  }
  const { status, headers = {}, body = '' } = answer;
  response.writeHead(status, headers).end(body);
  done(status, Buffer.byteLength(body));
}

function hostAndPort(address: string): { readonly host: string | undefined; readonly port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host: host === '' ? undefined : host, port: Number(address.slice(colon + 1)) };
}
