import { connect, createServer, type Socket } from 'node:net';

/** What the proxy does to traffic. TLS passes through unread, so `status` works for plain http targets only. */
export type Fault =
  | { readonly kind: 'none' }
  /** Every chunk of the answer arrives this much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection breaks after this many bytes of the answer. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Connections are accepted and nothing is ever answered. */
  | { readonly kind: 'hang' }
  /** Connections are reset at once. */
  | { readonly kind: 'refuse' }
  /** Each request is answered with this status and closed. */
  | { readonly kind: 'status'; readonly status: number };

export interface FaultProxy extends AsyncDisposable {
  /** The target's URL with this proxy's address: same scheme and path, and for https the same certificate. */
  readonly url: string;
  /** How many connections were accepted so far. */
  readonly connections: number;
  /** Applies to all further traffic; open connections are cut unless the fault is one that they can show. */
  inject(fault: Fault): void;
  /** Breaks every open connection, once. */
  cutAll(): void;
}

/** A TCP proxy in front of `target` (http or https URL) whose faults a test switches on and off. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const to = new URL(target);
  const port = Number(to.port || (to.protocol === 'https:' ? 443 : 80));
  const open = new Set<Socket>();
  let fault: Fault = { kind: 'none' };
  let connections = 0;
  const cutAll = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const track = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    connections += 1;
    track(client);
    if (fault.kind === 'refuse') client.resetAndDestroy();
    else if (fault.kind === 'hang') client.resume();
    else if (fault.kind === 'status') answerStatus(client, fault.status);
    else {
      const upstream = connect(port, to.hostname);
      track(upstream);
      forward(client, upstream, () => fault);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('cannot start the fault proxy: no TCP address');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);
  return {
    url: url.href.replace(/\/$/, ''),
    get connections() {
      return connections;
    },
    inject(next) {
      fault = next;
      if (next.kind !== 'none' && next.kind !== 'delay') cutAll();
    },
    cutAll,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}

function forward(client: Socket, upstream: Socket, current: () => Fault): void {
  let sent = 0;
  client.on('data', (chunk) => void upstream.write(chunk));
  upstream.on('data', (chunk) => {
    const fault = current();
    if (fault.kind === 'delay') setTimeout(() => client.write(chunk), fault.ms).unref();
    else if (fault.kind === 'cut' && sent + chunk.length > fault.afterBytes) {
      client.write(chunk.subarray(0, fault.afterBytes - sent), () => client.resetAndDestroy());
    } else client.write(chunk);
    sent += chunk.length;
  });
  client.on('end', () => upstream.end());
  upstream.on('end', () => {
    const fault = current();
    // Not before the chunks that are still on their way.
    if (fault.kind === 'delay') setTimeout(() => client.end(), fault.ms).unref();
    else client.end();
  });
  client.on('close', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
}

function answerStatus(client: Socket, status: number): void {
  client.once('data', () => {
    client.end(`HTTP/1.1 ${status} Injected\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  });
}
