import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener } from 'node:http';
import { Agent, request } from 'node:https';
import { listen } from './listen.ts';

/** One request that changes the cluster. */
export interface ApiWrite {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** When the caller of a write is struck: before the API server hears of it, or after it has been done. */
export type StrikeMoment = 'before' | 'after';

export interface Strike {
  /** Which write after `watch` was called, counted from 1. */
  readonly at: number;
  readonly moment: StrikeMoment;
  /** Called at that write, whose answer the caller never gets. */
  strike(): void;
}

/** An API server in front of the API server: whoever uses its kubeconfig keeps its own identity and is seen writing. */
export interface ApiGate extends AsyncDisposable {
  readonly kubeconfigPath: string;
  /** Writes since `watch` was last called. Dry-runs, Events and Leases do not count. */
  readonly writes: readonly ApiWrite[];
  /** Starts counting from 0, with a strike or without one. */
  watch(strike?: Strike): void;
}

/**
 * Ends TLS with a certificate of its own, so that it can read what passes; the caller's bearer token goes through.
 * @param kubeconfigPath of a user with a token, as `serviceAccountKubeconfig` writes it
 */
export async function startApiGate(kubeconfigPath: string): Promise<ApiGate> {
  const config = readKubeconfig(await readFile(kubeconfigPath, 'utf8'));
  const agent = new Agent({ keepAlive: true, ca: config.ca });
  let writes: ApiWrite[] = [];
  let strike: Strike | undefined;

  const pass: RequestListener = (incoming, outgoing) => {
    const write = writeOf(incoming);
    if (write !== undefined) writes.push(write);
    const due = write !== undefined && strike?.at === writes.length ? strike : undefined;
    if (due?.moment === 'before') {
      due.strike();
      incoming.destroy();
      return;
    }
    const url = new URL(incoming.url ?? '/', config.server);
    const options = { method: incoming.method, headers: { ...incoming.headers, host: url.host }, agent };
    const upstream = request(url, options, (answer) => {
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
    // A write that is struck afterwards must reach the API server, although its caller is gone.
    outgoing.on('close', () => (due === undefined ? upstream.destroy() : undefined));
    incoming.pipe(upstream);
  };

  const server = await listen(pass, { tls: true });
  const gated = `${kubeconfigPath}.gate-${server.port}`;
  await writeFile(gated, config.pointingAt(server.url, server.ca ?? ''), { mode: 0o600 });
  return {
    kubeconfigPath: gated,
    get writes() {
      return writes;
    },
    watch(next) {
      writes = [];
      strike = next;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      agent.destroy();
    },
  };
}

function writeOf({ method = 'GET', url = '' }: IncomingMessage): ApiWrite | undefined {
  if (method === 'GET' || url.includes('dryRun=')) return undefined;
  const path = url.replace(/\?.*/, '');
  return /\/(events|leases)(\/|$)/.test(path) ? undefined : { method, path };
}

/** The kubeconfigs of this project are JSON with one cluster. */
function readKubeconfig(text: string): {
  readonly server: string;
  readonly ca: Buffer;
  pointingAt(server: string, ca: string): string;
} {
  const config: { clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[] } =
    JSON.parse(text);
  const [first] = config.clusters;
  if (first === undefined) throw new Error('cannot use the kubeconfig: it has no cluster');
  return {
    server: first.cluster.server,
    ca: Buffer.from(first.cluster['certificate-authority-data'], 'base64'),
    pointingAt: (server, ca) => {
      const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
      return JSON.stringify({ ...config, clusters: [{ name: first.name, cluster }] });
    },
  };
}
