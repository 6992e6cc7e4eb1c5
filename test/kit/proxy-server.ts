import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listen, listenOn } from './listen.ts';

export interface ProxyServerOptions {
  readonly kind: 'http' | 'https' | 'socks5';
  readonly auth?: { readonly username: string; readonly password: string };
}

/** A proxy that remembers whom it was asked for. */
export interface ProxyServer extends AsyncDisposable {
  /** Without credentials. */
  readonly url: string;
  /** PEM of the authority to trust; undefined unless https. */
  readonly ca: string | undefined;
  /** `CONNECT host:port`, or `GET http://…` where a request was forwarded. */
  readonly asked: readonly string[];
}

export async function startProxyServer(options: ProxyServerOptions): Promise<ProxyServer> {
  return options.kind === 'socks5' ? await startSocks(options) : await startHttp(options);
}

async function startHttp({ kind, auth }: ProxyServerOptions): Promise<ProxyServer> {
  const asked: string[] = [];
  const wanted =
    auth === undefined ? undefined : `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
  const refuses = (incoming: IncomingMessage): boolean =>
    wanted !== undefined && incoming.headers['proxy-authorization'] !== wanted;

  const forward = (incoming: IncomingMessage, response: ServerResponse): void => {
    if (refuses(incoming)) {
      response.writeHead(407).end();
      return;
    }
    asked.push(`${incoming.method} ${incoming.url}`);
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const outgoing = request(incoming.url ?? '', { method: incoming.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  };
  const server = await listen(forward, { tls: kind === 'https' });
  server.onConnect((incoming, socket) => {
    if (refuses(incoming)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    asked.push(`CONNECT ${incoming.url}`);
    const { hostname, port } = new URL(`tcp://${incoming.url}`);
    const target = connect(Number(port), hostname, () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'));
    join(socket, target);
  });
  return { url: server.url, ca: server.ca, asked, [Symbol.asyncDispose]: () => server.close() };
}

/** RFC 1928 with the passwords of RFC 1929. */
async function startSocks({ auth }: ProxyServerOptions): Promise<ProxyServer> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const serve = async (socket: Socket): Promise<void> => {
    const read = reader(socket);
    const [, count = 0] = await read(2);
    const methods = await read(count);
    const method = auth === undefined ? 0 : 2;
    if (!methods.includes(method)) {
      socket.end(Buffer.from([5, 0xff]));
      return;
    }
    socket.write(Buffer.from([5, method]));
    if (auth !== undefined) {
      const username = (await read((await read(2))[1] ?? 0)).toString();
      const password = (await read((await read(1))[0] ?? 0)).toString();
      const isRight = username === auth.username && password === auth.password;
      socket.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) {
        socket.end();
        return;
      }
    }
    const [, , , type = 0] = await read(4);
    const host = type === 3 ? (await read((await read(1))[0] ?? 0)).toString() : (await read(4)).join('.');
    const port = (await read(2)).readUInt16BE(0);
    asked.push(`CONNECT ${host}:${port}`);
    const target = connect(port, host, () => socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])));
    join(socket, target);
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    serve(socket).catch(() => socket.destroy());
  });
  const port = await listenOn(server);
  return {
    url: `socks5://127.0.0.1:${port}`,
    ca: undefined,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function join(a: Duplex, b: Duplex): void {
  a.on('error', () => b.destroy()).on('close', () => b.destroy());
  b.on('error', () => a.destroy()).on('close', () => a.destroy());
  a.pipe(b).pipe(a);
}

/** Reads exact lengths; what comes after the last one stays in the socket. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    for (;;) {
      const bytes: unknown = length === 0 ? Buffer.alloc(0) : socket.read(length);
      if (Buffer.isBuffer(bytes)) return bytes;
      await new Promise<void>((resolve, reject) => {
        socket.once('readable', resolve);
        socket.once('close', () => reject(new Error('closed')));
      });
    }
  };
}
