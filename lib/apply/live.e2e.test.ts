import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '#crds';
import { createRestMapper, type KubeClient, openKubeClient, type Resource, type RestMapper } from '#kube';
import { sharedCluster, type TestCluster, waitFor } from '#test-kit';
import {
  type ApplyEngine,
  computeHealth,
  createApplyEngine,
  formatChanges,
  formatObject,
  type LiveObjects,
  type ObjectId,
  objectId,
  openLiveObjects,
  type Owner,
  type WaitState,
} from './index.ts';

let cluster: TestCluster;
let client: KubeClient;
let mapper: RestMapper;
let live: LiveObjects;
let engine: ApplyEngine;
const drifts: { readonly owner: string; readonly subject: string; readonly what: string; readonly at: number }[] = [];
const errors: string[] = [];
const requests: string[] = [];

before(async () => {
  cluster = await sharedCluster({ controllerManager: true, scheduler: true, kwok: true });
  const log = ({ method }: { readonly method: string }): number => requests.push(method);
  client = await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath }, { onRequest: log });
  mapper = createRestMapper(client);
  live = openLiveObjects({
    client,
    mapper,
    onDrift: (owner, id, what) => drifts.push({ owner, subject: formatObject(id), what, at: performance.now() }),
    onError: (kind, error) => errors.push(`${kind}: ${String(error)}`),
  });
  engine = createApplyEngine({ client, mapper, live });
});

after(async () => {
  await live[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
});

const owner: Owner = { name: 'app', namespace: 'flux-system' };

function configMap(namespace: string, name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

function workload(kind: string, namespace: string, name: string, spec: object = {}, pod: object = {}): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app:1' }], ...pod } },
      ...spec,
    },
  };
}

function job(namespace: string, name: string, spec: object): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...spec },
  };
}

async function resourceOf(object: KubeObject): Promise<Resource> {
  return mapper.resourceFor(objectId(object));
}

/** Asks as the controller does: again after each wake. */
async function wait(
  who: string,
  ids: readonly ObjectId[],
  request: { timeoutMs: number; failFast?: boolean },
): Promise<WaitState> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const state = await live.health.track(who, ids, { key: 'r1', wake: resolve, ...request });
    if (state.state !== 'progressing') return state;
    await promise;
  }
}

function driftsOf(namespace: string): readonly string[] {
  return drifts
    .filter(({ subject }) => subject.includes(`/${namespace}/`))
    .map(({ what, subject }) => `${what} ${subject}`);
}

test('a foreign change of what Git says is told at once and repaired alone; ours, status and others’ fields are not', async () => {
  const ns = await cluster.namespace('drift');
  const objects = [
    configMap(ns, 'a', { git: '1' }),
    configMap(ns, 'b', { git: '1' }),
    workload('Deployment', ns, 'web', { replicas: 1 }),
  ];
  await engine.apply(objects, { owner });
  await waitFor(() => wait('drift', objects.map(objectId), { timeoutMs: 20_000 }), { timeoutMs: 30_000 });
  const patch = async (name: string, data: object, manager: string): Promise<void> => {
    await client.patch(
      await resourceOf(configMap(ns, name, {})),
      { namespace: ns, name },
      { data },
      { type: 'merge', fieldManager: manager },
    );
  };
  await patch('b', { other: 'x' }, 'someone');
  await engine.apply([configMap(ns, 'a', { git: '2' }), ...objects.slice(1)], { owner });
  await sleep(500);
  assert.deepEqual(driftsOf(ns), []);

  const start = performance.now();
  await patch('a', { git: 'edited' }, 'someone');
  await waitFor(() => driftsOf(ns).length > 0);
  assert.ok((drifts.at(-1)?.at ?? Infinity) - start < 1_000, 'told within a second');
  assert.deepEqual(driftsOf(ns), [`changed ConfigMap/${ns}/a`]);
  assert.equal(drifts.at(-1)?.owner, 'flux-system/app');
  requests.length = 0;
  const repaired = await engine.apply([configMap(ns, 'a', { git: '2' }), ...objects.slice(1)], { owner });
  assert.equal(formatChanges(repaired.filter(({ action }) => action !== 'unchanged')), `ConfigMap/${ns}/a configured`);
  assert.deepEqual(requests.toSorted(), ['GET', 'PATCH', 'PATCH'], 'only the changed object was asked for');
  assert.deepEqual((await client.get(await resourceOf(configMap(ns, 'a', {})), { namespace: ns, name: 'a' }))['data'], {
    git: '2',
  });
});

test('a scaled Deployment, a kubectl edit and a deletion are drift', async () => {
  const ns = await cluster.namespace('edits');
  const objects = [
    configMap(ns, 'a', { git: '1' }),
    configMap(ns, 'gone', {}),
    workload('Deployment', ns, 'web', { replicas: 1 }),
  ];
  await engine.apply(objects, { owner });
  await sleep(300);
  assert.equal((await cluster.kubectl(['scale', 'deployment/web', '-n', ns, '--replicas=3'])).code, 0);
  await cluster.kubectl(['patch', 'configmap', 'a', '-n', ns, '--type=merge', '-p', '{"data":{"added":"by hand"}}']);
  assert.equal((await cluster.kubectl(['delete', 'configmap', 'gone', '-n', ns])).code, 0);
  await waitFor(() => driftsOf(ns).length >= 3);
  assert.deepEqual(driftsOf(ns), [
    `changed Deployment/${ns}/web`,
    `changed ConfigMap/${ns}/a`,
    `deleted ConfigMap/${ns}/gone`,
  ]);
  const changes = await engine.apply(objects, { owner });
  assert.deepEqual(formatChanges(changes).split('\n'), [
    `ConfigMap/${ns}/a configured`,
    `ConfigMap/${ns}/gone created`,
    `Deployment/${ns}/web configured`,
  ]);
});

test('two owners of one object are not woken by each other', async () => {
  const ns = await cluster.namespace('rivals');
  const rival = { name: 'rival', namespace: 'flux-system' };
  await engine.apply([configMap(ns, 'a', {})], { owner });
  await engine.apply([configMap(ns, 'a', {})], { owner: rival });
  // The same from another process.
  await using elsewhere = openLiveObjects({ client, mapper });
  await createApplyEngine({ client, mapper, live: elsewhere }).apply([configMap(ns, 'a', {})], { owner });
  await sleep(500);
  assert.deepEqual(driftsOf(ns), []);
});

test('who keeps changing an object is answered ever more slowly', async () => {
  const ns = await cluster.namespace('fight');
  const object = configMap(ns, 'a', { git: '1' });
  const resource = await resourceOf(object);
  await engine.apply([object], { owner });
  const start = performance.now();
  const told: number[] = [];
  for (let round = 0; round < 4; round++) {
    await client.patch(
      resource,
      object.metadata,
      { data: { git: `other ${round}` } },
      { type: 'merge', fieldManager: 'rival' },
    );
    await waitFor(() => driftsOf(ns).length > round);
    told.push(performance.now() - start);
    await engine.apply([object], { owner });
  }
  const [, second = 0, third = 0, fourth = 0] = told;
  assert.ok(third - second > 900 && fourth - third > 1_900, `told at ${told.map(Math.round).join(', ')} ms`);
});

test('health of workloads agrees with kubectl rollout status, and the wait wakes when it is over', async () => {
  const ns = await cluster.namespace('health');
  const objects = [
    workload('Deployment', ns, 'web', { replicas: 2 }),
    workload('StatefulSet', ns, 'db', { replicas: 2, serviceName: 'db' }),
    workload('DaemonSet', ns, 'agent'),
    configMap(ns, 'a', {}),
  ];
  const changes = await engine.apply(objects, { owner });
  const state = await wait(
    'health',
    changes.map(({ id }) => id),
    { timeoutMs: 30_000 },
  );
  assert.equal(state.state, 'current', JSON.stringify(state));
  for (const name of ['deployment/web', 'statefulset/db', 'daemonset/agent']) {
    const oracle = await cluster.kubectl(['rollout', 'status', name, '-n', ns, '--watch=false']);
    assert.match(oracle.stdout, /successfully rolled out|roll out complete|rolling update complete/, name);
  }
  requests.length = 0;
  assert.equal(
    (
      await wait(
        'health',
        changes.map(({ id }) => id),
        { timeoutMs: 30_000 },
      )
    ).state,
    'current',
  );
  assert.deepEqual(requests, [], 'what is Current costs no request');
});

/** What `kubectl rollout status` says of the same version of an object. */
async function verdicts(object: KubeObject): Promise<{ readonly ours: string; readonly kubectl: string }> {
  const resource = await resourceOf(object);
  return waitFor(async () => {
    const before = await client.get(resource, object.metadata);
    const name = `${object.kind.toLowerCase()}/${object.metadata.name}`;
    const args = ['rollout', 'status', name, '-n', object.metadata.namespace ?? '', '--watch=false'];
    const { stdout, stderr } = await cluster.kubectl(args);
    const after = await client.get(resource, object.metadata);
    if (before.metadata.resourceVersion !== after.metadata.resourceVersion) return undefined;
    if (Object(after['status']).observedGeneration !== after.metadata.generation) return undefined;
    const done = /successfully rolled out|roll out complete|rolling update complete|new pods have been updated/.test(
      stdout,
    );
    const kubectl = done ? 'Current' : /exceeded its progress deadline/.test(stdout + stderr) ? 'Failed' : 'InProgress';
    return { ours: computeHealth(after, new Date()).status, kubectl };
  });
}

const nowhere = { nodeSelector: { no: 'node' } };
for (const c of [
  {
    name: 'a Deployment whose pods find no node',
    object: ['Deployment', { replicas: 2 }, nowhere],
    want: 'InProgress',
  },
  {
    name: 'a Deployment past its deadline',
    object: ['Deployment', { progressDeadlineSeconds: 1 }, nowhere],
    want: 'Failed',
  },
  { name: 'a Deployment that is there', object: ['Deployment', { replicas: 2 }, {}], want: 'Current' },
  { name: 'a Deployment of no replicas', object: ['Deployment', { replicas: 0 }, {}], want: 'Current' },
  {
    name: 'a StatefulSet whose pods find no node',
    object: ['StatefulSet', { replicas: 2 }, nowhere],
    want: 'InProgress',
  },
  { name: 'a StatefulSet that is there', object: ['StatefulSet', { replicas: 1 }, {}], want: 'Current' },
  { name: 'a DaemonSet that is there', object: ['DaemonSet', {}, {}], want: 'Current' },
  { name: 'a DaemonSet without nodes', object: ['DaemonSet', {}, nowhere], want: 'Current' },
] as const)
  test(`computeHealth and kubectl rollout status agree: ${c.name}`, async () => {
    const ns = await cluster.namespace('verdict');
    const [kind, spec, pod] = c.object;
    const object = workload(kind, ns, 'x', kind === 'StatefulSet' ? { serviceName: 'x', ...spec } : spec, pod);
    await engine.apply([object], { owner });
    const settled = { ours: c.want, kubectl: c.want };
    const last: unknown[] = [];
    await waitFor(async () => JSON.stringify((last[0] = await verdicts(object))) === JSON.stringify(settled)).catch(
      () => {},
    );
    assert.deepEqual(last[0], settled);
  });

test('a Job is waited for, a failed one ends the wait, and only it is named', async () => {
  const ns = await cluster.namespace('jobs');
  const slow = workload('Deployment', ns, 'never', { replicas: 1 }, { nodeSelector: { no: 'node' } });
  const objects = [
    slow,
    job(ns, 'broken', {
      activeDeadlineSeconds: 1,
      template: {
        spec: { restartPolicy: 'Never', nodeSelector: { no: 'node' }, containers: [{ name: 'c', image: 'i' }] },
      },
    }),
  ];
  const changes = await engine.apply(objects, { owner });
  const state = await wait(
    'jobs',
    changes.map(({ id }) => id),
    { timeoutMs: 30_000 },
  );
  assert.equal(state.state, 'failed');
  assert.ok(state.state === 'failed');
  assert.equal(state.message, `failed early due to stalled resources: [Job/${ns}/broken status: 'Failed']`);
  const suspended = job(ns, 'suspended', { suspend: true });
  await engine.apply([suspended], { owner });
  assert.equal((await wait('suspended', [objectId(suspended)], { timeoutMs: 10_000 })).state, 'current');
});

test('a wait that ends without success names every object that is not Current', async () => {
  const ns = await cluster.namespace('timeout');
  const slow = workload('Deployment', ns, 'never', { replicas: 1 }, { nodeSelector: { no: 'node' } });
  await engine.apply([slow, configMap(ns, 'ok', {})], { owner });
  const absent = objectId(configMap(ns, 'absent', {}));
  const ids = [objectId(slow), objectId(configMap(ns, 'ok', {})), absent];
  const start = performance.now();
  const state = await wait('timeout', ids, { timeoutMs: 1_500 });
  assert.ok(state.state === 'timeout');
  assert.ok(performance.now() - start < 2_500);
  assert.equal(
    state.message,
    `timeout waiting for: [Deployment/${ns}/never status: 'InProgress', ConfigMap/${ns}/absent status: 'NotFound']`,
  );
});

test('a StatefulSet fails with its pods: those that no node takes for 15 seconds', async () => {
  const ns = await cluster.namespace('pods');
  const object = workload('StatefulSet', ns, 'db', { serviceName: 'db' }, nowhere);
  await engine.apply([object], { owner });
  const state = await wait('pods', [objectId(object)], { timeoutMs: 45_000 });
  assert.ok(state.state === 'failed', JSON.stringify(state));
  assert.equal(state.message, `failed early due to stalled resources: [StatefulSet/${ns}/db status: 'Failed']`);
});

test('an object without our label is waited for too', async () => {
  const ns = await cluster.namespace('foreign');
  const object = workload('Deployment', ns, 'web', { replicas: 1 });
  const waiting = wait('foreign', [objectId(object)], { timeoutMs: 20_000 });
  await sleep(300);
  await cluster.apply(object);
  assert.equal((await waiting).state, 'current');
});

test('an own judge decides instead of kstatus', async () => {
  const ns = await cluster.namespace('judge');
  const object = configMap(ns, 'a', { phase: 'going' });
  await engine.apply([object], { owner });
  const { promise, resolve } = Promise.withResolvers<void>();
  const request = {
    key: 'r1',
    timeoutMs: 10_000,
    evaluates: () => true,
    evaluate: (found: KubeObject) =>
      Object(found['data']).phase === 'done'
        ? ({ status: 'Current', message: '' } as const)
        : ({ status: 'InProgress', message: 'not done' } as const),
    wake: resolve,
  };
  assert.equal((await live.health.track('judge', [objectId(object)], request)).state, 'progressing');
  await engine.apply([configMap(ns, 'a', { phase: 'done' })], { owner });
  await promise;
  assert.equal((await live.health.track('judge', [objectId(object)], request)).state, 'current');
});

test('termination is waited for', async () => {
  const ns = await cluster.namespace('end');
  const objects = [workload('Deployment', ns, 'web', { replicas: 1 }), configMap(ns, 'held', {})];
  const held = {
    ...objects[1],
    metadata: { name: 'held', namespace: ns, finalizers: ['test.sluice.dev/hold'] },
  } as KubeObject;
  await engine.apply([objects[0] ?? held, held], { owner });
  const ids = [objectId(held), objectId(objects[0] ?? held)];
  const { failed } = await engine.prune(ids, { owner });
  assert.deepEqual(failed, []);
  const { promise, resolve } = Promise.withResolvers<void>();
  const request = { key: 'end', timeoutMs: 20_000, wake: resolve };
  const first = await live.termination.track('end', ids, request);
  assert.ok(first.state === 'progressing');
  assert.deepEqual(
    first.pending.map(({ id }) => formatObject(id)),
    [`ConfigMap/${ns}/held`],
  );
  await client.patch(await resourceOf(held), held.metadata, { metadata: { finalizers: null } }, { type: 'merge' });
  await promise;
  assert.equal((await live.termination.track('end', ids, request)).state, 'current');
  await sleep(200);
  assert.deepEqual(driftsOf(ns), [], 'our own deletion is no drift');
});

test('a kind that RBAC keeps from our watches is read instead', async () => {
  const ns = await cluster.namespace('rbac');
  const name = `limited-${ns}`;
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] }];
  const subject = [{ kind: 'ServiceAccount', name: 'limited', namespace: ns }];
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'limited', namespace: ns } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: subject,
    },
  );
  await using limited = await openKubeClient({ kubeconfigPath: await cluster.serviceAccountKubeconfig(ns, 'limited') });
  const refused: string[] = [];
  await using blind = openLiveObjects({ client: limited, mapper, onError: (kind) => refused.push(kind) });
  const narrow = createApplyEngine({ client: limited, mapper, live: blind });
  const object = configMap(ns, 'a', { k: 'v' });
  assert.equal(formatChanges(await narrow.apply([object], { owner })), `ConfigMap/${ns}/a created`);
  assert.equal(formatChanges(await narrow.apply([object], { owner })), `ConfigMap/${ns}/a unchanged`);
  assert.deepEqual(new Set(refused), new Set(['/ConfigMap']));
  const state = await blind.health.track('rbac', [objectId(object)], { key: 'k', timeoutMs: 5_000, wake: () => {} });
  assert.equal(state.state, 'current', JSON.stringify(state));
  assert.equal((await narrow.prune([objectId(object)], { owner })).changes[0]?.action, 'deleted');
});
