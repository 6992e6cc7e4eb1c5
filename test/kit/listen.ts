import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { makeServerCertificate, type ServerCertificate } from './certificates.ts';

export interface Listening {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** PEM of the authority to trust; undefined for plain http. */
  readonly ca: string | undefined;
  /** A certificate that it takes from clients; undefined for plain http. */
  readonly client: ServerCertificate['client'] | undefined;
  /** What a proxy is asked for. */
  onConnect(handler: (request: IncomingMessage, socket: Duplex) => void): void;
  close(): Promise<void>;
}

/** Serves on a free port of 127.0.0.1 until closed. Does not keep the process alive. */
export async function listen(
  handler: RequestListener,
  options: { readonly tls?: boolean | ServerCertificate; readonly clientCertificate?: 'required' } = {},
): Promise<Listening> {
  const { tls = false } = options;
  const certificate = typeof tls === 'object' ? tls : tls ? makeServerCertificate() : undefined;
  const server: Server =
    certificate === undefined
      ? createHttpServer(handler)
      : createHttpsServer(
          {
            cert: certificate.cert,
            key: certificate.key,
            ...(options.clientCertificate === 'required' && {
              ca: certificate.ca,
              requestCert: true,
              rejectUnauthorized: true,
            }),
          },
          handler,
        );
  const port = await listenOn(server);
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    ca: certificate?.ca,
    client: certificate?.client,
    onConnect: (connectHandler) => void server.on('connect', connectHandler),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @returns the free port of 127.0.0.1 that it listens on; it does not keep the process alive */
export async function listenOn(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('cannot listen: no TCP address');
  return address.port;
}
