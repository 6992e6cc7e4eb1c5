import { type Dispatcher, Pool, ProxyAgent, Socks5ProxyAgent } from 'undici';
import type { TlsSettings } from './credentials.ts';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values by turns: a name may come twice. */
  readonly headers: readonly string[];
  readonly body?: string | Uint8Array | undefined;
}

export interface RawResponse {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** No answer, or half of one. `sent` tells whether the server may have seen the request. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly sent: boolean;

  constructor(sent: boolean, cause: Error) {
    super(cause.message, { cause });
    this.sent = sent;
  }
}

export interface TransportOptions {
  /** Most connections for calls; streams (watches) have their own, as many as there are streams. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly proxyUrl?: string | undefined;
}

/**
 * Keep-alive connections to one server under one client certificate. Below the API's idea of an error: every answer
 * resolves, and only its absence rejects.
 */
export class Transport implements AsyncDisposable {
  readonly #origin: string;
  readonly #calls: Dispatcher;
  readonly #streams: Dispatcher;

  constructor(origin: string, tls: TlsSettings, options: TransportOptions) {
    this.#origin = origin;
    this.#calls = openDispatcher(origin, tls, options, options.connections);
    this.#streams = openDispatcher(origin, tls, options, null);
  }

  /** One answer as text. Aborting rejects at once, also while the call waits for a connection. */
  call(request: RawRequest, signal: AbortSignal): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      let controller: Dispatcher.DispatchController | undefined;
      let code = 0;
      let headers: RawResponse['headers'] = {};
      const chunks: Buffer[] = [];
      const abort = (): void => {
        reject(signal.reason);
        controller?.abort(toError(signal.reason));
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#calls.dispatch(this.#dispatchOptions(request), {
        onRequestStart: (c) => {
          controller = c;
          if (signal.aborted) c.abort(toError(signal.reason));
        },
        onResponseStart: (_, status, responseHeaders) => {
          code = status;
          headers = responseHeaders;
        },
        onResponseData: (_, chunk) => {
          chunks.push(chunk);
        },
        onResponseEnd: () => {
          signal.removeEventListener('abort', abort);
          resolve({ code, headers, body: decode(chunks) });
        },
        onResponseError: (_, error) => {
          signal.removeEventListener('abort', abort);
          reject(new NoAnswerError(controller !== undefined, error));
        },
      });
    });
  }

  /**
   * Opens an answer that goes on; resolves with its head. Whoever does not read it must abort `signal`. Reading slowly
   * slows the server down.
   */
  open(request: RawRequest, signal: AbortSignal): Promise<OpenResponse> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const chunks = new ChunkQueue();
      const abort = (): void => {
        reject(signal.reason);
        chunks.fail(signal.reason);
        chunks.controller?.abort(toError(signal.reason));
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#streams.dispatch(
        { ...this.#dispatchOptions(request), headersTimeout: 0, bodyTimeout: 0 },
        {
          onRequestStart: (c) => {
            chunks.controller = c;
            if (signal.aborted) c.abort(toError(signal.reason));
          },
          onResponseStart: (_, code, headers) => resolve({ code, headers, chunks }),
          onResponseData: (_, chunk) => chunks.push(chunk),
          onResponseEnd: () => {
            signal.removeEventListener('abort', abort);
            chunks.end();
          },
          onResponseError: (_, error) => {
            signal.removeEventListener('abort', abort);
            const failure = new NoAnswerError(chunks.controller !== undefined, error);
            reject(failure);
            chunks.fail(failure);
          },
        },
      );
    });
  }

  /** Lets running calls end; streams are cut. */
  async close(): Promise<void> {
    await Promise.all([this.#calls.close(), this.#streams.destroy()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }

  #dispatchOptions({ method, path, headers, body }: RawRequest): Dispatcher.DispatchOptions {
    return {
      origin: this.#origin,
      method,
      path,
      headers: headers as string[], // undici reads it only
      body: body ?? null,
      // A DELETE carries its options in a body; undici would close the connection after each (a TLS handshake a delete).
      reset: false,
    };
  }
}

export interface OpenResponse {
  readonly code: number;
  readonly headers: RawResponse['headers'];
  readonly chunks: AsyncIterable<Buffer>;
}

/** Bytes between the socket and a reader that may be slower. */
class ChunkQueue implements AsyncIterable<Buffer> {
  static readonly #highWaterBytes = 256 * 1024;
  controller: Dispatcher.DispatchController | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= ChunkQueue.#highWaterBytes) this.controller?.pause();
    this.#wake?.();
  }

  end(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.controller?.paused === true && this.#bytes < ChunkQueue.#highWaterBytes / 2) this.controller.resume();
        yield chunk;
      } else if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}

function openDispatcher(
  origin: string,
  tls: TlsSettings,
  options: TransportOptions,
  connections: number | null,
): Dispatcher {
  // Idle connections outlive the pauses between reconciles; a dead peer is found by TCP probes after 30 s + 10 × 1 s.
  const connect = {
    ...tls,
    allowH2: false,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    timeout: options.connectTimeoutMs,
  };
  const pool = {
    allowH2: false,
    connections,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (options.proxyUrl === undefined) return new Pool(origin, { ...pool, connect });
  if (options.proxyUrl.startsWith('socks'))
    return new Socks5ProxyAgent(options.proxyUrl, { ...pool, requestTls: connect });
  return new ProxyAgent({ ...pool, uri: options.proxyUrl, requestTls: connect });
}

function decode(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  if (first === undefined) return '';
  return (chunks.length === 1 ? first : Buffer.concat(chunks)).toString('utf8');
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
