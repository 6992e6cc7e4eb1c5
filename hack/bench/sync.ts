/**
 * What a sync costs: N Kustomizations of 4 objects (Deployment with 0 replicas, ServiceAccount, Service, Ingress) from one
 * GitRepository, `wait: true`, on a control plane of its own. Phases: first sync of all, one commit that changes an object of
 * each, a forced no-op of all, deletion of all. Beside them the floor: a raw client that sends the same applies.
 * Prints one table, and JSON with --json FILE. Options: --units N, --concurrent C, --sources (run the .ts instead of dist/),
 * --profile DIR (a CPU profile of each controller).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '#cluster';
import { mapLimit } from '#concurrency';
import { gitRepository, type KubeObject, kustomization } from '#crds';
import { type KubeClient, openKubeClient, type Resource } from '#kube';
import { measurePushes } from './push.ts';
import { type GitServer, type RunningController, startController, startGitServer } from '#test-kit';

const root = resolve(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    units: { type: 'string', default: '100' },
    concurrent: { type: 'string', default: '20' },
    json: { type: 'string' },
    profile: { type: 'string' },
    sources: { type: 'boolean', default: false },
  },
});
const units = Number(values.units);
if (!Number.isInteger(units) || units < 1)
  throw new Error(`cannot run with --units ${values.units}: expected a whole number from 1`);
const names = Array.from({ length: units }, (_, index) => `unit-${String(index).padStart(4, '0')}`);
const namespace = 'bench';

/** Flux on the same kind of machine, N = 100 and 1000 (source-controller 1.9.1, kustomize-controller 1.9.4). */
const fluxSeconds: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  'first sync': { 100: '20-24', 1000: '217' },
  update: { 100: '21-26', 1000: '201' },
  'no-op': { 100: '12-15', 1000: '146' },
  delete: { 100: '2', 1000: '37' },
};

interface Phase {
  readonly phase: string;
  readonly seconds: number;
  /** CPU-seconds by controller and by component of the control plane. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Requests that the API server answered, per object of the phase. */
  readonly requestsPerObject: number;
}

function manifests(
  unit: string,
  target: string,
  version: number,
): readonly (KubeObject & { readonly metadata: { readonly namespace: string } })[] {
  const metadata = { name: unit, namespace: target, labels: { app: unit } };
  const pod = {
    metadata: { labels: { app: unit } },
    spec: {
      serviceAccountName: unit,
      containers: [{ name: 'app', image: `example/app:${version}`, ports: [{ containerPort: 8080 }] }],
    },
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 0, selector: { matchLabels: { app: unit } }, template: pod },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: unit }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: {
        rules: [
          {
            host: `${unit}.example.test`,
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: unit, port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
  ];
}

const resources: Readonly<Record<string, Resource>> = {
  ServiceAccount: { group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
  Deployment: { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
  Service: { group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  Ingress: { group: 'networking.k8s.io', version: 'v1', kind: 'Ingress', plural: 'ingresses', namespaced: true },
};

function files(version: number): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((unit) =>
      manifests(unit, namespace, version).map((object) => [
        `units/${unit}/${object.kind.toLowerCase()}.yaml`,
        JSON.stringify(object),
      ]),
    ),
  );
}

async function must(cluster: Cluster, args: readonly string[], input?: unknown): Promise<void> {
  const options = input === undefined ? {} : { input: JSON.stringify(input) };
  const result = await cluster.kubectl(args, options);
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
}

/** Looks every 100 ms, as cheaply as the API server can answer, until all Kustomizations are as wanted. */
async function until(
  client: KubeClient,
  what: string,
  done: (objects: readonly KubeObject[]) => boolean,
): Promise<void> {
  const deadline = performance.now() + 600_000;
  const path = `/apis/${kustomization.apiVersion}/namespaces/${namespace}/kustomizations`;
  for (;;) {
    const list = (await client.request('GET', path, { query: { resourceVersion: '0' } })) as { items: KubeObject[] }; // a list answer
    if (done(list.items)) return;
    if (performance.now() > deadline)
      throw new Error(
        `${what} did not end in 600 s: ${JSON.stringify(list.items.find((item) => !isReady(item)) ?? list.items[0]).slice(0, 4000)}`,
      );
    await sleep(100);
  }
}

function statusOf(
  object: KubeObject,
): Readonly<Record<string, unknown>> & { readonly conditions?: readonly { type: string; status: string }[] } {
  return (object['status'] ?? {}) as ReturnType<typeof statusOf>; // of our own kinds, which the server has validated
}

function isReady(object: KubeObject): boolean {
  return statusOf(object).conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
}

async function apiRequests(client: KubeClient): Promise<number> {
  const text = String(await client.request('GET', '/metrics', { accept: 'text/plain' }));
  // Our own polling and the control plane's leases are not what the controllers cost.
  return [...text.matchAll(/^apiserver_request_total\{([^}]*)\} (\S+)$/gm)]
    .filter(([, labels = '']) => !/verb="(WATCH|LIST)"|resource="leases"|resource=""/.test(labels))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}

function peakRss(controller: RunningController): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${controller.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** User and system time of a process so far, in seconds. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in parentheses, which may hold spaces; utime and stime are fields 14 and 15, in 1/100 s.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

type Pids = ReadonlyMap<string, number>;

async function measure(phase: string, pids: Pids, client: KubeClient, work: () => Promise<void>): Promise<Phase> {
  const cpuBefore = new Map([...pids].map(([name, pid]) => [name, cpuSeconds(pid)]));
  const requestsBefore = await apiRequests(client);
  const from = performance.now();
  await work();
  const seconds = (performance.now() - from) / 1000;
  const requests = (await apiRequests(client)) - requestsBefore;
  const cpu = Object.fromEntries([...pids].map(([name, pid]) => [name, cpuSeconds(pid) - (cpuBefore.get(name) ?? 0)]));
  console.error(`${phase}: ${seconds.toFixed(2)} s`);
  return { phase, seconds, cpu, requestsPerObject: requests / (units * 4) };
}

async function floor(client: KubeClient): Promise<number> {
  const objects = names.flatMap((unit) => manifests(unit, 'floor', 1));
  const from = performance.now();
  await mapLimit(objects, 16, async (object) => {
    const resource = resources[object.kind];
    if (resource !== undefined) await client.apply(resource, object, { fieldManager: 'floor', force: true });
  });
  return (performance.now() - from) / 1000;
}

function unitKustomizations(): unknown {
  const items = names.map((name) => ({
    apiVersion: kustomization.apiVersion,
    kind: kustomization.kind,
    metadata: { name, namespace },
    spec: {
      interval: '1h',
      prune: true,
      wait: true,
      timeout: '5m',
      path: `./units/${name}`,
      sourceRef: { kind: 'GitRepository', name: 'bench' },
    },
  }));
  return { apiVersion: 'v1', kind: 'List', items };
}

async function run(
  cluster: Cluster,
  client: KubeClient,
  git: GitServer,
  controllers: readonly RunningController[],
): Promise<readonly Phase[]> {
  const ask = (value: string): object => ({ metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': value } } });
  const pids = new Map([
    ...controllers.map(({ name, pid }) => [name, pid] as const),
    ...['kube-apiserver', 'kube-controller-manager', 'etcd'].map((name) => [name, cluster.pids[name] ?? 0] as const),
  ]);
  const phases: Phase[] = [];
  const phase = async (name: string, work: () => Promise<void>): Promise<void> => {
    phases.push(await measure(name, pids, client, work));
    await sleep(1000);
  };
  await phase('first sync', async () => {
    await must(cluster, ['create', '-f', '-'], unitKustomizations());
    await until(client, 'the first sync', (objects) => objects.length === units && objects.every(isReady));
  });
  const commit = await git.commit(
    'bench',
    Object.fromEntries(Object.entries(files(2)).filter(([path]) => path.endsWith('deployment.yaml'))),
    'New image',
  );
  await phase('update', async () => {
    await client.patch(gitRepository, { namespace, name: 'bench' }, ask('update'), { type: 'merge' });
    await until(client, 'the update', (objects) =>
      objects.every((object) => String(statusOf(object)['lastAppliedRevision']).endsWith(commit) && isReady(object)),
    );
  });
  await phase('no-op', async () => {
    await mapLimit(names, 16, (name) =>
      client.patch(kustomization, { namespace, name }, ask('no-op'), { type: 'merge' }),
    );
    await until(client, 'the no-op', (objects) =>
      objects.every((object) => statusOf(object)['lastHandledReconcileAt'] === 'no-op' && isReady(object)),
    );
  });
  await phase('delete', async () => {
    await must(cluster, ['delete', 'kustomizations', '--all', '-n', namespace, '--wait=false']);
    await until(client, 'the deletion', (objects) => objects.length === 0);
  });
  return phases;
}

function table(phases: readonly Phase[], floorSeconds: number, controllers: readonly RunningController[]): string {
  const columns = Object.keys(phases[0]?.cpu ?? {});
  const rows = phases.map(({ phase, seconds, cpu, requestsPerObject }) => [
    phase,
    seconds.toFixed(2),
    phase === 'first sync' ? floorSeconds.toFixed(2) : '',
    fluxSeconds[phase]?.[units] ?? '',
    ...columns.map((name) => (cpu[name] ?? 0).toFixed(2)),
    requestsPerObject.toFixed(2),
  ]);
  const head = [
    'phase',
    'seconds',
    'raw client',
    'Flux (s)',
    ...columns.map((name) => name.replace('kube-', '')),
    'requests/object',
  ];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const memory = controllers
    .map((controller) => `${controller.name} ${Math.round(peakRss(controller) / 1048576)} MB`)
    .join(', ');
  return [
    `N = ${units} Kustomizations of 4 objects; CPU-seconds by program`,
    ...lines,
    `peak resident memory: ${memory}`,
  ].join('\n');
}

const dist = values.sources ? undefined : join(root, 'dist');
if (dist !== undefined) {
  const built = spawnSync(process.execPath, [join(root, 'hack/dist/main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (built.status !== 0) throw new Error('cannot build the bundles');
}
// Files of etcd and of artifacts in memory where there is such a folder: the disk is not what is measured.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';
await using stack = new AsyncDisposableStack();
const cluster = stack.use(await startCluster({ controllerManager: true }));
const client = stack.use(await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath }));
for (const name of ['flux-system', namespace, 'floor']) await must(cluster, ['create', 'namespace', name]);
await must(cluster, ['apply', '--server-side', '-k', join(root, 'config/crd')]);
await must(cluster, ['wait', '--for=condition=Established', 'crd', '--all']);
const git = stack.use(await startGitServer());
await git.createRepository('bench', files(1));
const profiling = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(values.profile)}`];
const nodeArgs = ['--max-semi-space-size=2', '--max-old-space-size=512', ...profiling];
// As in the Deployments of config/manager.
const base = {
  kubeconfig: cluster.kubeconfigPath,
  nodeArgs,
  env: { MALLOC_ARENA_MAX: '2' },
  ...(dist === undefined ? {} : { dist }),
};
const notification = stack.use(await startController('notification', base));
const withEvents = { ...base, eventsUrl: notification.urls.events };
const source = stack.use(await startController('source', withEvents));
const kustomize = stack.use(
  await startController('kustomize', { ...withEvents, args: [`--concurrent=${values.concurrent}`] }),
);
await must(cluster, ['apply', '-f', '-'], {
  apiVersion: gitRepository.apiVersion,
  kind: gitRepository.kind,
  metadata: { name: 'bench', namespace },
  spec: { url: git.repositoryUrl('bench'), interval: '1h', ref: { branch: 'main' } },
});
await must(cluster, ['wait', '--for=condition=Ready', '--timeout=60s', '-n', namespace, 'gitrepository/bench']);
const floorSeconds = await floor(client);
const controllers = [source, kustomize, notification];
const phases = await run(cluster, client, git, controllers);
const pushes = (
  await measurePushes({ cluster, client, git, receiverUrl: notification.urls.receiver, namespace }, 20)
).toSorted((a, b) => a - b);
console.log(table(phases, floorSeconds, controllers));
console.log(
  `webhook of a push to the changed object: p50 ${pushes[9]?.toFixed(0)} ms, slowest of 20 ${pushes[19]?.toFixed(0)} ms`,
);
if (values.json !== undefined) {
  const peak = Object.fromEntries(controllers.map((controller) => [controller.name, peakRss(controller)]));
  writeFileSync(
    values.json,
    `${JSON.stringify({ units, floorSeconds, phases, pushMs: pushes, peakRssBytes: peak }, null, 2)}\n`,
  );
}
