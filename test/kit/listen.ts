import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { makeServerCertificate, type ServerCertificate } from './certificates.ts';

export interface Listening {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** PEM of the authority to trust; undefined for plain http. */
  readonly ca: string | undefined;
  close(): Promise<void>;
}

/** Serves on a free port of 127.0.0.1 until closed. Does not keep the process alive. */
export async function listen(
  handler: RequestListener,
  options: { readonly tls?: boolean | ServerCertificate } = {},
): Promise<Listening> {
  const { tls = false } = options;
  const certificate = typeof tls === 'object' ? tls : tls ? makeServerCertificate() : undefined;
  const server: Server =
    certificate === undefined ? createHttpServer(handler) : createHttpsServer(certificate, handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('cannot listen: no TCP address');
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    port: address.port,
    ca: certificate?.ca,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
