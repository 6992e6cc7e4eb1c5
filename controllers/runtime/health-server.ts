import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { profileOf } from './profiles.ts';

/** A server that listens; disposing it cuts what is under way. */
export interface ListeningServer extends AsyncDisposable {
  /** 0 when the address switches the server off. */
  readonly port: number;
}

/**
 * `/healthz` says that the process works, `/readyz` that it may be sent requests.
 * @param address `:9440`, `127.0.0.1:9440`; `0` or empty: no server
 */
export function serveHealth(address: string, isReady: () => boolean): Promise<ListeningServer> {
  return listen(address, (request, response) => {
    switch (pathOf(request)) {
      case '/healthz':
        return answer(response, 200, 'ok');
      case '/readyz':
        return isReady() ? answer(response, 200, 'ok') : answer(response, 503, 'not ready');
      default:
        return answer(response, 404, '404 page not found');
    }
  });
}

/** `/metrics` for Prometheus, and profiles of this process under `/debug/pprof/`. */
export function serveMetrics(address: string, registry: Registry): Promise<ListeningServer> {
  return listen(address, (request, response) => {
    const path = pathOf(request);
    if (path !== '/metrics' && !path.startsWith('/debug/pprof')) return answer(response, 404, '404 page not found');
    const work =
      path === '/metrics'
        ? registry.metrics().then((text) => ({ code: 200, type: registry.contentType, text }))
        : profileOf(path.slice('/debug/pprof'.length), urlOf(request).searchParams);
    work.then(
      ({ code, type, text }) => answer(response, code, text, type),
      (error: unknown) => answer(response, 500, error instanceof Error ? error.message : String(error)),
    );
  });
}

async function listen(address: string, handler: RequestListener): Promise<ListeningServer> {
  if (address === '' || address === '0') return { port: 0, [Symbol.asyncDispose]: async () => {} };
  const { host, port } = parseAddress(address);
  const server = createServer({ requestTimeout: 30_000 }, handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`cannot listen on "${address}": ${error.message}`, { cause: error })),
    );
    server.listen({ port, host }, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Go's form of a listen address: `host:port`, `[::1]:port`, or `:port` for all addresses.
 * @throws TypeError for anything else
 */
export function parseAddress(address: string): { readonly host: string | undefined; readonly port: number } {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.%]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/.exec(address);
  const port = Number(match?.groups?.['port'] ?? Number.NaN);
  if (!(port <= 65_535)) throw new TypeError(`cannot parse address "${address}": expected host:port or :port`);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  return { host: host === '' ? undefined : host, port };
}

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    return new URL('http://localhost/');
  }
}

function pathOf(request: IncomingMessage): string {
  return urlOf(request).pathname;
}

function answer(
  response: ServerResponse,
  code: number,
  text: string,
  type: string = 'text/plain; charset=utf-8',
): void {
  response.writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(text);
}
