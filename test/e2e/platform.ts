import { fileURLToPath } from 'node:url';
import {
  type ApiGate,
  type ControllerName,
  type GitServer,
  type HttpSink,
  httpSink,
  type RunningController,
  sharedCluster,
  startApiGate,
  startController,
  startGitServer,
  type TestCluster,
  waitFor,
} from '#test-kit';
import { asLive, type Live } from './live.ts';

const config = fileURLToPath(new URL('../../config', import.meta.url));

export interface PlatformOptions {
  /** The shared cluster without components unless given. */
  readonly cluster?: TestCluster;
  /** Puts a gate between each controller and the API server. */
  readonly gates?: boolean;
  /** More flags of a controller. */
  readonly args?: Partial<Record<ControllerName, readonly string[]>>;
}

/** What a test waits for: the Ready condition and what stands beside it in the status. */
export interface Wanted {
  /** `True` unless given. */
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string | RegExp;
  /** Ending of the applied or stored revision: a commit. */
  readonly commit?: string;
}

/** The whole product on a real API server: three processes with the rights of config/rbac, a Git server, a place for alerts. */
export interface Platform extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly git: GitServer;
  readonly alerts: HttpSink;
  readonly controllers: Readonly<Record<ControllerName, RunningController>>;
  /** Only where they were asked for. */
  gate(name: ControllerName): ApiGate;
  /** Applies objects of the kinds below server-side, as one manager that takes what it is refused. */
  apply(...objects: readonly object[]): Promise<void>;
  /** An object of this API or any other; undefined when there is none. */
  get(resource: Resource, namespace: string, name: string): Promise<Live | undefined>;
  /** Waits until the object's Ready condition is like this, for its last spec and request. */
  ready(resource: Resource, namespace: string, name: string, wanted?: Wanted, timeoutMs?: number): Promise<Live>;
  /** Waits until the object is there and is like this. */
  settled(resource: Resource, namespace: string, name: string, isRight: (object: Live) => boolean): Promise<Live>;
  gone(resource: Resource, namespace: string, name: string): Promise<void>;
  /** Asks for a reconciliation, as `flux reconcile` does. */
  request(resource: Resource, namespace: string, name: string): Promise<string>;
}

const paths = {
  gitrepositories: '/apis/source.toolkit.fluxcd.io/v1',
  kustomizations: '/apis/kustomize.toolkit.fluxcd.io/v1',
  alerts: '/apis/notification.toolkit.fluxcd.io/v1beta3',
  providers: '/apis/notification.toolkit.fluxcd.io/v1beta3',
  receivers: '/apis/notification.toolkit.fluxcd.io/v1',
  configmaps: '/api/v1',
  secrets: '/api/v1',
  services: '/api/v1',
  deployments: '/apis/apps/v1',
  jobs: '/apis/batch/v1',
} as const;
export type Resource = keyof typeof paths;

export function pathOf(resource: Resource, namespace: string, name: string): string {
  return `${paths[resource]}/namespaces/${namespace}/${resource}/${name}`;
}

function pathOfObject(object: object): string {
  // What the functions of manifests.ts return.
  const { kind, metadata } = object as { kind: string; metadata: { name: string; namespace: string } };
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  const resource = Object.keys(paths).find((known): known is Resource => known === plural);
  if (resource === undefined) throw new Error(`cannot apply a ${kind}: add it to the table of paths`);
  return pathOf(resource, metadata.namespace, metadata.name);
}

export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const stack = new AsyncDisposableStack();
  try {
    const cluster = options.cluster ?? (await sharedCluster());
    await install(cluster);
    const git = stack.use(await startGitServer());
    const alerts = stack.use(await httpSink());
    const gates = new Map<ControllerName, ApiGate>();
    const start = async (name: ControllerName, eventsUrl?: string): Promise<RunningController> => {
      let kubeconfig = await cluster.serviceAccountKubeconfig('flux-system', `${name}-controller`);
      if (options.gates === true) {
        const gate = stack.use(await startApiGate(kubeconfig));
        gates.set(name, gate);
        kubeconfig = gate.kubeconfigPath;
      }
      const args = options.args?.[name] ?? [];
      return stack.use(
        await startController(name, { kubeconfig, args, ...(eventsUrl !== undefined && { eventsUrl }) }),
      );
    };
    const notification = await start('notification');
    const source = await start('source', notification.urls.events);
    const kustomize = await start('kustomize', notification.urls.events);
    const controllers = { source, kustomize, notification };
    return {
      cluster,
      git,
      alerts,
      controllers,
      ...verbs(cluster, gates),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function install(cluster: TestCluster): Promise<void> {
  const kubectl = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await cluster.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
  };
  await kubectl('apply', '--server-side', '-f', `${config}/default/namespace.yaml`);
  await kubectl('apply', '--server-side', '-k', `${config}/crd`);
  await kubectl('apply', '--server-side', '-k', `${config}/rbac`);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
}

type Verbs = Pick<Platform, 'gate' | 'apply' | 'get' | 'ready' | 'settled' | 'gone' | 'request'>;

function verbs(cluster: TestCluster, gates: ReadonlyMap<ControllerName, ApiGate>): Verbs {
  const get: Verbs['get'] = async (resource, namespace, name) => {
    const object = await cluster.get(pathOf(resource, namespace, name));
    return object === undefined ? undefined : asLive(object);
  };
  return {
    get,
    gate(name) {
      const gate = gates.get(name);
      if (gate === undefined) throw new Error(`there is no gate before ${name}-controller`);
      return gate;
    },
    async apply(...objects) {
      for (const object of objects) {
        const path = pathOfObject(object);
        const url = `${path}?fieldManager=e2e&force=true`;
        const { status, body } = await cluster.request('PATCH', url, object, 'application/apply-patch+yaml');
        if (status !== 200 && status !== 201) throw new Error(`cannot apply ${path}: ${JSON.stringify(body)}`);
      }
    },
    async ready(resource, namespace, name, wanted = {}, timeoutMs = 20_000) {
      let last: Live | undefined;
      const reached = async (): Promise<Live | undefined> => {
        last = await get(resource, namespace, name);
        return last !== undefined && fits(last, wanted) ? last : undefined;
      };
      const what = `${resource}/${name} to be ${JSON.stringify({ ...wanted, message: String(wanted.message) })}`;
      return waitFor(reached, { timeoutMs, what }).catch((error: unknown) => {
        throw new Error(`${String(error)}; it is ${JSON.stringify(last?.status, undefined, 1)}`, { cause: error });
      });
    },
    settled: (resource, namespace, name, isRight) =>
      waitFor(
        async () => {
          const object = await get(resource, namespace, name);
          return object !== undefined && isRight(object) ? object : undefined;
        },
        { what: `${resource}/${name} to be right` },
      ),
    gone: async (resource, namespace, name) => {
      const what = `${resource}/${name} to be gone`;
      await waitFor(async () => (await get(resource, namespace, name)) === undefined, { what });
    },
    async request(resource, namespace, name) {
      const token = `asked-${Date.now()}-${Math.random()}`;
      const patch = { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } } };
      const path = pathOf(resource, namespace, name);
      const { status, body } = await cluster.request('PATCH', path, patch, 'application/merge-patch+json');
      if (status !== 200) throw new Error(`cannot annotate ${path}: ${JSON.stringify(body)}`);
      return token;
    },
  };
}

function fits({ metadata, status }: Live, wanted: Wanted): boolean {
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined || ready.status !== (wanted.status ?? 'True')) return false;
  if (ready.observedGeneration !== metadata.generation) return false;
  const requested = metadata.annotations?.['reconcile.fluxcd.io/requestedAt'];
  if (requested !== undefined && status.lastHandledReconcileAt !== requested) return false;
  if (wanted.reason !== undefined && ready.reason !== wanted.reason) return false;
  if (typeof wanted.message === 'string' && ready.message !== wanted.message) return false;
  if (wanted.message instanceof RegExp && !wanted.message.test(ready.message)) return false;
  const revision = status.lastAppliedRevision ?? status.artifact?.revision ?? '';
  return wanted.commit === undefined || revision.endsWith(wanted.commit);
}
