import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolPath } from '#tools';
import { type ClusterAccess, clusterAccess, describe } from './access.ts';
import { apiServer, type ComponentContext, controllerManager, etcd, kwok, scheduler } from './components.ts';
import { kubeconfig, writeCredentials } from './credentials.ts';
import { freePorts } from './free-ports.ts';
import { keepProcesses, type ProcessKeeper, type RunningProcess, untilReady } from './processes.ts';
import { kwokNode, kwokStages } from './stages.ts';

/** Longest wait for one component, in ms: a loaded machine with two cores needs up to a third of it. */
const startMs = 60_000;

export interface ClusterOptions {
  /** Runs kube-controller-manager: garbage collection, namespace deletion, Deployments, default ServiceAccounts. */
  readonly controllerManager?: boolean;
  /** Runs kube-scheduler: pods are bound to nodes. */
  readonly scheduler?: boolean;
  /** Runs kwok with one node: pods that are bound become Running without containers. */
  readonly kwok?: boolean;
  /** Data folder, kept at the end and reused when it has data; a temporary one that is removed unless given. */
  readonly dir?: string;
  readonly signal?: AbortSignal;
  /** Takes one line of progress; stderr unless given. */
  readonly log?: (line: string) => void;
  /** What the components and kubectl inherit; this process's own unless given. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A control plane on loopback. It ends with this process, whatever ends that. */
export interface Cluster extends ClusterAccess, AsyncDisposable {
  readonly caPath: string;
  /** Bearer token of an administrator (`system:masters`). */
  readonly token: string;
  /** Process ids of what runs now, by component. */
  readonly pids: Readonly<Record<string, number>>;
  /** Resident memory of what runs now in bytes, by component. */
  rss(): Promise<Readonly<Record<string, number>>>;
  /** Sends a signal to the API server. After SIGKILL it stays away until `restartApiServer`. */
  killApiServer(signal: NodeJS.Signals): Promise<void>;
  /** Starts the API server again on the same port, with the same certificate and data; ends it first if it runs. */
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts etcd and kube-apiserver, and what `options` ask for; ready when this returns.
 * @throws with the last log lines of the component that did not start; nothing runs on then
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const attempts = 3;
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Between choosing a free port and listening on it another process may have taken it.
      const portTaken = error instanceof Error && /address already in use/.test(error.message);
      if (!portTaken || attempt === attempts) throw error;
    }
  }
}

async function startOnce(options: ClusterOptions): Promise<Cluster> {
  const binaries = await findBinaries(options);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'sluice-cluster-')));
  await mkdir(dir, { recursive: true });
  const keeper = keepProcesses({ dir, removeDir: options.dir === undefined });
  try {
    const environment = options.environment ?? process.env;
    const [etcdPort = 0, etcdPeerPort = 0, apiPort = 0, kwokPort = 0] = await freePorts(4);
    const credentials = await writeCredentials(dir);
    const kubeconfigPath = join(dir, 'admin.kubeconfig');
    const caPath = join(dir, 'certificates', 'apiserver.crt');
    const url = `https://127.0.0.1:${apiPort}`;
    const context: ComponentContext = {
      dir,
      environment,
      binaries,
      credentials,
      kubeconfigPath,
      caPath,
      ports: { etcd: etcdPort, etcdPeer: etcdPeerPort, api: apiPort, kwok: kwokPort },
      keepsData: options.dir !== undefined,
      createsServiceAccounts: options.controllerManager === true,
    };
    const { signal } = options;
    const start = new Map<string, RunningProcess>();
    start.set('etcd', keeper.start(etcd(context)));
    start.set('kube-apiserver', keeper.start(apiServer(context)));
    const server = start.get('kube-apiserver');
    if (server === undefined) throw new Error('cannot start kube-apiserver');
    // The key is written after the certificate: once it is there, the certificate is whole.
    const keyPath = join(dir, 'certificates', 'apiserver.key');
    await untilReady(server, () => stat(keyPath), { timeoutMs: startMs, signal });
    const ca = await readFile(caPath);
    await writeFile(kubeconfigPath, kubeconfig({ name: 'sluice', url, ca, token: credentials.token }), { mode: 0o600 });
    const access = clusterAccess({
      url,
      kubeconfigPath,
      dir,
      ca,
      https: { ca, headers: { authorization: `Bearer ${credentials.token}` } },
      kubectlPath: () => toolPath('kubectl', { signal, log: options.log, environment }),
      environment,
    });
    const cluster = new LoopbackCluster(access, keeper, start, context);
    await cluster.untilServing(signal);
    await startRest(options, keeper, start, context, access);
    return cluster;
  } catch (error) {
    await keeper.stop();
    throw error;
  }
}

async function findBinaries(options: ClusterOptions): Promise<ComponentContext['binaries']> {
  const { signal, log, environment } = options;
  const find = (name: Parameters<typeof toolPath>[0]): Promise<string> => toolPath(name, { signal, log, environment });
  return {
    apiServer: await find('kube-apiserver'),
    etcd: await find('etcd'),
    controllerManager: options.controllerManager === true ? await find('kube-controller-manager') : '',
    scheduler: options.scheduler === true ? await find('kube-scheduler') : '',
    kwok: options.kwok === true ? await find('kwok') : '',
  };
}

async function startRest(
  options: ClusterOptions,
  keeper: ProcessKeeper,
  running: Map<string, RunningProcess>,
  context: ComponentContext,
  access: ClusterAccess,
): Promise<void> {
  if (options.controllerManager === true) {
    running.set('kube-controller-manager', keeper.start(controllerManager(context)));
    const path = '/api/v1/namespaces/default/serviceaccounts/default';
    await untilFound(running, 'kube-controller-manager', path, access, options.signal);
  }
  if (options.scheduler === true) running.set('kube-scheduler', keeper.start(scheduler(context)));
  if (options.kwok === true) {
    await writeFile(join(context.dir, 'kwok.yaml'), kwokStages);
    running.set('kwok', keeper.start(kwok(context)));
    const created = await access.request('POST', '/api/v1/nodes', kwokNode);
    // 409: the data folder is being reused and has the node already.
    if (created.status !== 201 && created.status !== 409) {
      throw new Error(`cannot create node "kwok": ${describe(created)}`);
    }
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/kwok';
    await untilFound(running, 'kwok', path, access, options.signal);
  }
}

/** Waits for the object that a component creates once it works. */
async function untilFound(
  running: ReadonlyMap<string, RunningProcess>,
  component: string,
  path: string,
  access: ClusterAccess,
  signal: AbortSignal | undefined,
): Promise<void> {
  const child = running.get(component);
  if (child === undefined) throw new Error(`cannot wait for ${component}: it was not started`);
  await untilReady(child, () => found(access, path), { timeoutMs: startMs, signal });
}

/** @throws with what the API server answered instead of the object */
async function found(access: Pick<ClusterAccess, 'request'>, path: string): Promise<true> {
  const answer = await access.request('GET', path);
  if (answer.status !== 200) throw new Error(`GET ${path}: ${describe(answer)}`);
  return true;
}

class LoopbackCluster implements Cluster {
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly dir: string;
  readonly caPath: string;
  readonly token: string;
  readonly #access: ClusterAccess;
  readonly #keeper: ProcessKeeper;
  readonly #running: Map<string, RunningProcess>;
  readonly #context: ComponentContext;

  constructor(
    access: ClusterAccess,
    keeper: ProcessKeeper,
    running: Map<string, RunningProcess>,
    context: ComponentContext,
  ) {
    this.url = access.url;
    this.kubeconfigPath = access.kubeconfigPath;
    this.dir = access.dir;
    this.#access = access;
    this.caPath = context.caPath;
    this.token = context.credentials.token;
    this.#keeper = keeper;
    this.#running = running;
    this.#context = context;
  }

  kubectl(...call: Parameters<ClusterAccess['kubectl']>): ReturnType<ClusterAccess['kubectl']> {
    return this.#access.kubectl(...call);
  }

  request(...call: Parameters<ClusterAccess['request']>): ReturnType<ClusterAccess['request']> {
    return this.#access.request(...call);
  }

  serviceAccountKubeconfig(namespace: string, name: string): Promise<string> {
    return this.#access.serviceAccountKubeconfig(namespace, name);
  }

  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#alive().map((child) => [child.name, child.pid]));
  }

  async rss(): Promise<Readonly<Record<string, number>>> {
    const sizes = this.#alive().map(async (child) => [child.name, await child.rssBytes()] as const);
    return Object.fromEntries(await Promise.all(sizes));
  }

  async killApiServer(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server();
    server.kill(signal);
    if (signal === 'SIGKILL') await server.waitForEnd();
  }

  async restartApiServer(): Promise<void> {
    const old = this.#server();
    if (old.end() === undefined) {
      old.kill('SIGKILL');
      await old.waitForEnd();
    }
    this.#running.set('kube-apiserver', this.#keeper.start(apiServer(this.#context)));
    await this.untilServing();
  }

  /** Waits until the API server is ready and has made the namespaces that everybody expects. */
  async untilServing(signal?: AbortSignal): Promise<void> {
    for (const path of ['/readyz', '/api/v1/namespaces/default', '/api/v1/namespaces/kube-node-lease']) {
      await untilReady(this.#server(), () => found(this, path), { timeoutMs: startMs, signal });
    }
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #alive(): readonly RunningProcess[] {
    return [...this.#running.values()].filter((child) => child.end() === undefined);
  }

  #server(): RunningProcess {
    const server = this.#running.get('kube-apiserver');
    if (server === undefined) throw new Error('cannot find kube-apiserver: it was never started');
    return server;
  }
}
