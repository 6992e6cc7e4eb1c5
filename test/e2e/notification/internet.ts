import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeServerCertificate } from '#test-kit';

export interface CallFromOutside {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
}

/** The services of the world under their own names, on loopback. */
export interface Internet extends AsyncDisposable {
  /** What a process has to be started with to be there. */
  readonly env: NodeJS.ProcessEnv;
}

/** @param hosts those that exist; everything else is refused by the proxy */
export async function openInternet(
  hosts: readonly string[],
  answer: (call: CallFromOutside) => Reply,
): Promise<Internet> {
  const { ca, cert, key } = makeServerCertificate(hosts);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-internet-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, ca);
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const { method = '', headers, url = '' } = request;
    const body = Buffer.concat(chunks).toString('utf8');
    const reply = answer({ method, headers, body, url: new URL(url, `https://${headers.host}`) });
    response.writeHead(reply.status, { 'Content-Type': reply.type ?? 'application/json' }).end(reply.body ?? '');
  };
  const server = createHttpsServer({ cert, key }, (request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const proxy = createHttpServer((_, response) => response.writeHead(502).end());
  const port = await listening(server);
  proxy.on('connect', (request, socket) => {
    const [host = ''] = (request.url ?? '').split(':');
    if (!hosts.includes(host)) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on('error', () => end.destroy());
  });
  const address = `http://127.0.0.1:${await listening(proxy)}`;
  return {
    env: { HTTPS_PROXY: address, HTTP_PROXY: address, NO_PROXY: '', NODE_EXTRA_CA_CERTS: caFile },
    async [Symbol.asyncDispose]() {
      for (const one of [proxy, server]) {
        one.close();
        one.closeAllConnections();
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return (server.address() as AddressInfo).port; // it listens on TCP
}
