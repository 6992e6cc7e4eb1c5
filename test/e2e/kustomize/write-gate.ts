import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { TestCluster } from '#test-kit';

/** One request that changes the cluster; dry-runs, events and leases do not count. */
export interface Write {
  readonly method: string;
  readonly path: string;
}

/** When the other side of a write is to die: before the API server hears of it, or after it has done it. */
export type Moment = 'before' | 'after';

/** An API server in front of the API server that sees every write of whoever uses its kubeconfig. */
export interface WriteGate extends AsyncDisposable {
  readonly kubeconfigPath: string;
  /** Writes since `watch` was called. */
  readonly writes: readonly Write[];
  /** Starts counting; at the n-th write `strike` is called, and the caller never hears of that write. Counts from 1. */
  watch(strikeAt?: number, moment?: Moment, strike?: () => void): void;
}

export async function startWriteGate(cluster: TestCluster): Promise<WriteGate> {
  const { agent, headers } = await credentials(cluster);
  let writes: Write[] = [];
  let plan: { at: number; moment: Moment; strike: () => void } | undefined;

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const write = writeOf(incoming);
    if (write !== undefined) writes.push(write);
    const due = write !== undefined && plan?.at === writes.length ? plan : undefined;
    if (due?.moment === 'before') {
      due.strike();
      incoming.destroy();
      return;
    }
    const url = new URL(incoming.url ?? '/', cluster.url);
    const passed = { ...incoming.headers, host: url.host, ...headers };
    const upstream = request(url, { method: incoming.method, headers: passed, agent }, (answer) => {
      if (due !== undefined) {
        due.strike();
        outgoing.destroy();
        answer.resume();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.on('error', () => outgoing.destroy());
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  };

  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('cannot start the write gate: no TCP address');
  const kubeconfigPath = join(cluster.dir, `gate-${address.port}.kubeconfig`);
  await writeFile(kubeconfigPath, kubeconfig(`http://127.0.0.1:${address.port}`));
  return {
    kubeconfigPath,
    get writes() {
      return writes;
    },
    watch(strikeAt, moment = 'before', strike = () => undefined) {
      writes = [];
      plan = strikeAt === undefined ? undefined : { at: strikeAt, moment, strike };
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}

function writeOf({ method = 'GET', url = '' }: IncomingMessage): Write | undefined {
  if (method === 'GET' || url.includes('dryRun=')) return undefined;
  const path = url.replace(/\?.*/, '');
  return /\/(events|leases)(\/|$)/.test(path) ? undefined : { method, path };
}

async function credentials(cluster: TestCluster): Promise<{ agent: Agent; headers: Record<string, string> }> {
  const { stdout } = await cluster.kubectl(['config', 'view', '--raw', '--minify', '-o', 'json']);
  const config = JSON.parse(stdout) as {
    clusters: { cluster: { 'certificate-authority-data'?: string } }[];
    users: { user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
  };
  const decoded = (text: string | undefined): Buffer | undefined =>
    text === undefined ? undefined : Buffer.from(text, 'base64');
  const user = config.users[0]?.user;
  const tls = {
    ca: decoded(config.clusters[0]?.cluster['certificate-authority-data']),
    cert: decoded(user?.['client-certificate-data']),
    key: decoded(user?.['client-key-data']),
  };
  const known = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  return {
    agent: new Agent({ keepAlive: true, ...known }),
    headers: user?.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
  };
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'gate',
    clusters: [{ name: 'gate', cluster: { server } }],
    users: [{ name: 'gate', user: {} }],
    contexts: [{ name: 'gate', context: { cluster: 'gate', user: 'gate' } }],
  });
}
