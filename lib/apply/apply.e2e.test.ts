import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#crds';
import { createRestMapper, type KubeClient, openKubeClient, type RestMapper } from '#kube';
import { sharedCluster, type TestCluster, waitFor } from '#test-kit';
import {
  ApplyError,
  type ApplyEngine,
  type Change,
  createApplyEngine,
  diffInventory,
  formatChanges,
  formatObject,
  type LiveObjects,
  objectId,
  openLiveObjects,
} from './index.ts';

let cluster: TestCluster;
let client: KubeClient;
let mapper: RestMapper;
let live: LiveObjects;
let engine: ApplyEngine;
const requests: string[] = [];

before(async () => {
  cluster = await sharedCluster();
  const log = ({ method }: { readonly method: string }): number => requests.push(method);
  client = await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath }, { onRequest: log });
  mapper = createRestMapper(client);
  live = openLiveObjects({ client, mapper });
  engine = createApplyEngine({ client, mapper, live });
});

after(async () => {
  await live[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
});

const owner = { name: 'app', namespace: 'flux-system' };

function configMap(namespace: string, name: string, data: Record<string, unknown>, metadata: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata }, data };
}

function deployment(namespace: string, name: string, spec: object = {}, container: object = {}): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image: 'app:1', ports: [{ containerPort: 80 }], ...container }] },
      },
      ...spec,
    },
  };
}

async function read(object: KubeObject): Promise<KubeObject | undefined> {
  return client.find(await mapper.resourceFor(objectId(object)), object.metadata);
}

async function versions(objects: readonly KubeObject[]): Promise<readonly (string | undefined)[]> {
  const found = await Promise.all(objects.map(read));
  return found.map((object) => object?.metadata.resourceVersion);
}

function actions(changes: readonly Change[]): readonly string[] {
  return formatChanges(changes).split('\n');
}

/** A second engine that remembers nothing: the controller after a restart. */
async function restarted<T>(use: (engine: ApplyEngine) => Promise<T>): Promise<T> {
  await using fresh = openLiveObjects({ client, mapper });
  return use(createApplyEngine({ client, mapper, live: fresh }));
}

test('objects are created in order, then unchanged with no request, and one change is one request', async () => {
  const ns = await cluster.namespace('apply');
  const objects = [deployment(ns, 'web'), configMap(ns, 'b', { k: 'v' }), configMap(ns, 'a', { k: 'v' })];
  const first = await engine.apply(objects, { owner });
  assert.deepEqual(actions(first), [
    `ConfigMap/${ns}/a created`,
    `ConfigMap/${ns}/b created`,
    `Deployment/${ns}/web created`,
  ]);
  const before = await versions(objects);
  requests.length = 0;
  const second = await engine.apply(objects, { owner });
  assert.deepEqual(new Set(second.map(({ action }) => action)), new Set(['unchanged']));
  assert.deepEqual(requests, []);
  assert.deepEqual(await versions(objects), before);

  requests.length = 0;
  const changed = [deployment(ns, 'web', { replicas: 1 }), ...objects.slice(1)];
  const third = await engine.apply(changed, { owner });
  assert.deepEqual(
    third.map(({ action }) => action),
    ['unchanged', 'unchanged', 'configured'],
  );
  assert.deepEqual(requests, ['PATCH']);
});

test('after a restart one dry-run each proves that nothing changed, and nothing is written', async () => {
  const ns = await cluster.namespace('restart');
  const objects = [deployment(ns, 'web'), configMap(ns, 'a', { k: 'v' })];
  await engine.apply(objects, { owner });
  const before = await versions(objects);
  await new Promise((resolve) => setTimeout(resolve, 3_100));
  await restarted(async (fresh) => {
    await fresh.apply([configMap(ns, 'z', {}), deployment(ns, 'y')], { owner }); // opens the watches
    requests.length = 0;
    const changes = await fresh.apply(objects, { owner });
    assert.deepEqual(
      changes.map(({ action }) => action),
      ['unchanged', 'unchanged'],
    );
    assert.deepEqual(requests, ['PATCH', 'PATCH']);
  });
  assert.deepEqual(await versions(objects), before);
});

test('a text that means the same is unchanged after a restart as well', async () => {
  const ns = await cluster.namespace('same');
  const limits = (cpu: string): KubeObject =>
    deployment(ns, 'web', {}, { resources: { limits: { cpu, memory: '1Gi' } } });
  await engine.apply([limits('1000m')], { owner });
  const before = await versions([limits('1')]);
  await restarted(async (fresh) => {
    const changes = await fresh.apply([limits('1')], { owner });
    assert.deepEqual(actions(changes), [`Deployment/${ns}/web unchanged`]);
  });
  assert.deepEqual(await versions([limits('1')]), before);
});

test('objects carry the owner labels, and common metadata wins', async () => {
  const ns = await cluster.namespace('labels');
  const object = configMap(ns, 'a', {}, { labels: { team: 'x', n: 5 } });
  await engine.apply([object], { owner, commonMetadata: { labels: { team: 'y' }, annotations: { note: 'z' } } });
  const { labels, annotations } = (await read(object))?.metadata ?? {};
  assert.deepEqual(labels, {
    'kustomize.toolkit.fluxcd.io/name': 'app',
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    team: 'y',
    n: '5',
  });
  assert.deepEqual(annotations, { note: 'z' });
});

test('all bad objects of a stage are named and nothing of it is applied; earlier stages stay', async () => {
  const ns = await cluster.namespace('bad');
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${ns}-made` } };
  const good = configMap(ns, 'good', {});
  const bad = [
    configMap('absent', 'n', {}),
    configMap(ns, 'typed', { n: 5 }),
    { apiVersion: 'foo.io/v1', kind: 'Foo', metadata: { name: 'f', namespace: ns } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'nowhere' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: ns },
      spec: { clusterIP: 'hello', ports: [{ port: 80 }] },
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: ns }, data: { p: { deep: 'hidden' } } },
  ];
  await assert.rejects(engine.apply([namespace, good, ...bad], { owner }), (error) => {
    assert.ok(error instanceof ApplyError);
    assert.equal(error.code, 'dryRun');
    assert.deepEqual(error.message.split('\n'), [
      'ConfigMap/nowhere namespace not specified: the server could not find the requested resource',
      'ConfigMap/absent/n not found: namespaces "absent" not found',
      `ConfigMap/${ns}/typed dry-run failed: failed to create typed patch object (${ns}/typed; /v1, Kind=ConfigMap): .data.n: expected string, got &value.valueUnstructured{Value:5}`,
      `Secret/${ns}/x dry-run failed: failed to create typed patch object (${ns}/x; /v1, Kind=Secret): .data.p: expected string, got *****`,
      `Service/${ns}/s dry-run failed (Invalid): Service "s" is invalid: spec.clusterIPs[0]: Invalid value: "hello": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      `Foo/${ns}/f dry-run failed: no matches for kind "Foo" in version "foo.io/v1"`,
      `Namespace/${ns}-made created`,
      '',
    ]);
    assert.deepEqual(actions(error.changes), [`Namespace/${ns}-made created`]);
    return true;
  });
  assert.equal(await read(good), undefined);
});

test('a Secret that is still encrypted stops everything', async () => {
  const ns = await cluster.namespace('sops');
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: ns },
    sops: { mac: 'ENC[x]' },
  };
  await assert.rejects(engine.apply([configMap(ns, 'a', {}), secret], { owner }), {
    code: 'encrypted',
    message: `Secret/${ns}/s is SOPS encrypted, configuring decryption is required for this secret to be reconciled`,
  });
  assert.equal(await read(configMap(ns, 'a', {})), undefined);
});

test('fields that a built-in kind does not have are dropped, at every depth', async () => {
  const ns = await cluster.namespace('unknown');
  const object = deployment(ns, 'web', { replica: 3, other: {} }, { foo: 1, ports: [{ containerPort: 80, bar: 2 }] });
  assert.deepEqual(actions(await engine.apply([object], { owner })), [`Deployment/${ns}/web created`]);
  assert.deepEqual(actions(await engine.apply([object], { owner })), [`Deployment/${ns}/web unchanged`]);
});

test('a Secret with stringData and ports without protocol are not drift', async () => {
  const ns = await cluster.namespace('norm');
  const metadata = { name: 's', namespace: ns };
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: { p: 'q' },
    data: { a: 'Yg==' },
  };
  const ports = [
    { port: 80, name: 'a' },
    { port: 81, name: 'b' },
  ];
  const objects = [secret, { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } }];
  await engine.apply(objects, { owner });
  assert.deepEqual((await read(secret))?.['data'], { p: 'cQ==', a: 'Yg==' });
  await restarted(async (fresh) => {
    const changes = await fresh.apply(objects, { owner });
    assert.deepEqual(
      changes.map(({ action }) => action),
      ['unchanged', 'unchanged'],
    );
  });
});

test('what kubectl applied is taken over without touching the pod template', async () => {
  const ns = await cluster.namespace('takeover');
  const applied = deployment(ns, 'web', { replicas: 2, revisionHistoryLimit: 3 });
  await cluster.apply(applied, configMap(ns, 'a', { git: '1', extra: '2' }));
  const before = await read(applied);
  assert.ok(before?.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']);
  const desired = [deployment(ns, 'web', { replicas: 2 }), configMap(ns, 'a', { git: '1' })];
  const changes = await engine.apply(desired, { owner });
  assert.deepEqual(
    changes.map(({ action }) => action),
    ['configured', 'configured'],
  );
  const after = await read(applied);
  const template = (object: KubeObject | undefined): unknown => Object(object?.['spec']).template;
  assert.deepEqual(template(after), template(before));
  assert.equal(Object(after?.['spec']).revisionHistoryLimit, 10, 'what kubectl set and Git does not have is gone');
  assert.equal(after?.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'], undefined);
  assert.deepEqual((await read(configMap(ns, 'a', {})))?.['data'], { git: '1' });
  const managers = after?.metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
  assert.deepEqual(managers, ['kustomize-controller Apply']);
  assert.deepEqual(
    (await engine.apply(desired, { owner })).map(({ action }) => action),
    ['unchanged', 'unchanged'],
  );
});

test('an object of another applier with our manager name is taken as it is', async () => {
  const ns = await cluster.namespace('flux');
  const object = configMap(
    ns,
    'a',
    { k: 'v' },
    {
      labels: { 'kustomize.toolkit.fluxcd.io/name': 'app', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
    },
  );
  const flags = ['--server-side', '--field-manager=kustomize-controller'];
  const done = await cluster.kubectl(['apply', ...flags, '-f', '-'], { input: JSON.stringify(object) });
  assert.equal(done.code, 0, done.stderr);
  const before = await versions([object]);
  assert.deepEqual(actions(await engine.apply([configMap(ns, 'a', { k: 'v' })], { owner })), [
    `ConfigMap/${ns}/a unchanged`,
  ]);
  assert.deepEqual(await versions([object]), before);
});

test('fields added with kubectl vanish, those of another manager stay', async () => {
  const ns = await cluster.namespace('fields');
  const object = configMap(ns, 'a', { git: '1' });
  await engine.apply([object], { owner });
  const patch = async (manager: string, key: string): Promise<void> => {
    const args = ['patch', 'configmap', 'a', '-n', ns, '--type=merge', '-p', JSON.stringify({ data: { [key]: 'x' } })];
    assert.equal((await cluster.kubectl([...args, `--field-manager=${manager}`])).code, 0);
  };
  await patch('kubectl-patch', 'mine');
  await patch('flux-client-side-apply', 'kept');
  const changes = await waitFor(async () => {
    const made = await engine.apply([object], { owner });
    return made[0]?.action === 'configured' ? made : undefined;
  });
  assert.deepEqual(actions(changes), [`ConfigMap/${ns}/a configured`]);
  assert.deepEqual((await read(object))?.['data'], { git: '1', kept: 'x' });
});

test('switches: reconcile, ssa Ignore, IfNotPresent and Merge, on either side and in any case', async () => {
  const ns = await cluster.namespace('switch');
  const group = 'kustomize.toolkit.fluxcd.io';
  const annotated = (name: string, annotations: object, data = {}): KubeObject =>
    configMap(ns, name, data, { annotations });
  const disabled = annotated('disabled', { [`${group}/reconcile`]: 'Disabled' });
  const ignored = annotated('ignored', { [`${group}/ssa`]: 'ignore' });
  const once = annotated('once', { [`${group}/ssa`]: 'IfNotPresent' }, { k: '1' });
  assert.deepEqual(actions(await engine.apply([disabled, ignored, once], { owner })), [
    `ConfigMap/${ns}/disabled skipped`,
    `ConfigMap/${ns}/ignored skipped`,
    `ConfigMap/${ns}/once created`,
  ]);
  assert.equal(await read(disabled), undefined);
  const again = annotated('once', { [`${group}/ssa`]: 'IfNotPresent' }, { k: '2' });
  assert.deepEqual(actions(await engine.apply([again], { owner })), [`ConfigMap/${ns}/once skipped`]);
  await restarted(async (fresh) => {
    assert.deepEqual(actions(await fresh.apply([again], { owner })), [`ConfigMap/${ns}/once skipped`]);
  });

  await cluster.apply(configMap(ns, 'live', { k: '1' }, { labels: { [`${group}/reconcile`]: 'disabled' } }));
  const skipped = await engine.apply([configMap(ns, 'live', { k: 'git' })], { owner });
  assert.deepEqual(actions(skipped), [`ConfigMap/${ns}/live skipped`]);

  await cluster.apply(configMap(ns, 'merge', { k: '1', mine: '2' }, { annotations: { [`${group}/ssa`]: 'Merge' } }));
  await engine.apply([annotated('merge', { [`${group}/ssa`]: 'Merge' }, { k: 'git' })], { owner });
  assert.deepEqual((await read(configMap(ns, 'merge', {})))?.['data'], { k: 'git', mine: '2' });
});

test('what cannot be changed in place is refused, or re-created with force', async () => {
  const ns = await cluster.namespace('force');
  const selecting = (app: string): KubeObject =>
    deployment(ns, 'web', {
      selector: { matchLabels: { app } },
      template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    });
  await engine.apply([selecting('one')], { owner });
  const before = await read(selecting('one'));
  await assert.rejects(engine.apply([selecting('two')], { owner }), (error) => {
    assert.ok(error instanceof ApplyError);
    assert.match(
      error.message,
      new RegExp(`^Deployment/${ns}/web dry-run failed \\(Invalid\\): .*field is immutable\n$`),
    );
    return true;
  });
  assert.equal((await read(selecting('one')))?.metadata.uid, before?.metadata.uid);
  const forced = await engine.apply([selecting('two')], { owner, force: true });
  assert.deepEqual(actions(forced), [`Deployment/${ns}/web created`]);
  assert.notEqual((await read(selecting('two')))?.metadata.uid, before?.metadata.uid);
  assert.deepEqual(actions(await engine.apply([selecting('two')], { owner })), [`Deployment/${ns}/web unchanged`]);
});

test('a CRD and its custom resource, and a namespace and what is in it, go in one apply', async () => {
  const ns = await cluster.namespace('crd');
  const group = `${ns}.example.com`;
  const crd: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } },
            },
          },
        },
      ],
    },
  };
  const widget: KubeObject = {
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name: 'w', namespace: `${ns}-in` },
    spec: { n: 9007199254740993n },
  };
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${ns}-in` } };
  const stages: string[] = [];
  const request = { owner, onStage: (changes: readonly Change[]) => void stages.push(formatChanges(changes)) };
  await engine.apply([widget, namespace, crd], request);
  assert.deepEqual(stages, [
    `CustomResourceDefinition/widgets.${group} created\nNamespace/${ns}-in created`,
    `Widget/${ns}-in/w created`,
  ]);
  const stored = await cluster.kubectl(['get', 'widgets', 'w', '-n', `${ns}-in`, '-o', 'jsonpath={.spec.n}']);
  assert.equal(stored.stdout, '9007199254740993', 'numbers beyond 2^53 keep every digit');
  await engine.apply([widget, namespace, crd], { owner }); // waits for the first list of the new kind
  requests.length = 0;
  const again = await engine.apply([widget, namespace, crd], { owner });
  assert.deepEqual(new Set(again.map(({ action }) => action)), new Set(['unchanged']));
  assert.deepEqual(requests, []);
  const pruned = await engine.prune(
    again.map(({ id }) => id),
    { owner },
  );
  assert.deepEqual(pruned.failed, []);
  assert.deepEqual(actions(pruned.changes), [
    `Widget/${ns}-in/w deleted`,
    `Namespace/${ns}-in deleted`,
    `CustomResourceDefinition/widgets.${group} deleted`,
  ]);
});

test('two owners of one object undo each other once a run, and prune leaves it to the last', async () => {
  const ns = await cluster.namespace('owners');
  const object = configMap(ns, 'a', {});
  const other = { name: 'other', namespace: 'flux-system' };
  assert.deepEqual(actions(await engine.apply([object], { owner })), [`ConfigMap/${ns}/a created`]);
  assert.deepEqual(actions(await engine.apply([object], { owner: other })), [`ConfigMap/${ns}/a configured`]);
  assert.deepEqual(actions(await engine.apply([object], { owner })), [`ConfigMap/${ns}/a configured`]);
  assert.deepEqual(actions(await engine.apply([object], { owner: other })), [`ConfigMap/${ns}/a configured`]);
  const pruned = await engine.prune([objectId(object)], { owner });
  assert.deepEqual(actions(pruned.changes), [`ConfigMap/${ns}/a skipped`]);
  assert.ok(await read(object));
});

test('prune deletes in reverse order what is ours and may go', async () => {
  const ns = await cluster.namespace('prune');
  const group = 'kustomize.toolkit.fluxcd.io';
  const objects = [
    configMap(ns, 'a', {}),
    configMap(ns, 'b', {}),
    configMap(ns, 'kept', {}, { annotations: { [`${group}/prune`]: 'Disabled' } }),
    deployment(ns, 'web'),
  ];
  const changes = await engine.apply(objects, { owner });
  await cluster.apply(configMap(ns, 'foreign', {}));
  await cluster.kubectl(['annotate', 'configmap', 'b', '-n', ns, `${group}/reconcile=disabled`]);
  const gone = objectId(configMap(ns, 'gone', {}));
  const ids = [...changes.map(({ id }) => id), objectId(configMap(ns, 'foreign', {})), gone];
  await waitFor(async () => (await read(configMap(ns, 'b', {})))?.metadata.annotations !== undefined);
  await new Promise((resolve) => setTimeout(resolve, 300)); // the watch has told of the annotation
  const { changes: pruned, failed } = await engine.prune(diffInventory(ids, []), { owner });
  assert.deepEqual(failed, []);
  assert.deepEqual(actions(pruned), [
    `Deployment/${ns}/web deleted`,
    `ConfigMap/${ns}/kept skipped`,
    `ConfigMap/${ns}/gone deleted`,
    `ConfigMap/${ns}/foreign skipped`,
    `ConfigMap/${ns}/b skipped`,
    `ConfigMap/${ns}/a deleted`,
  ]);
  assert.equal(await read(configMap(ns, 'a', {})), undefined);
  assert.ok(await read(configMap(ns, 'b', {})));
});

test('an object that vanished is created again', async () => {
  const ns = await cluster.namespace('vanish');
  const object = configMap(ns, 'a', {});
  await engine.apply([object], { owner });
  assert.equal((await cluster.kubectl(['delete', 'configmap', 'a', '-n', ns])).code, 0);
  const changes = await waitFor(async () => {
    const made = await engine.apply([object], { owner });
    return made[0]?.action === 'created' ? made : undefined;
  });
  assert.deepEqual(
    changes.map(({ id }) => formatObject(id)),
    [`ConfigMap/${ns}/a`],
  );
});

test('without a live side every object is compared, and the answers are the same', async () => {
  const ns = await cluster.namespace('bare');
  const bare = createApplyEngine({ client, mapper });
  const objects = [configMap(ns, 'a', { k: 'v' }), deployment(ns, 'web')];
  assert.deepEqual(
    (await bare.apply(objects, { owner })).map(({ action }) => action),
    ['created', 'created'],
  );
  assert.deepEqual(
    (await bare.apply(objects, { owner })).map(({ action }) => action),
    ['unchanged', 'unchanged'],
  );
  const changed = [configMap(ns, 'a', { k: 'w' }), deployment(ns, 'web')];
  assert.deepEqual(
    (await bare.apply(changed, { owner })).map(({ action }) => action),
    ['configured', 'unchanged'],
  );
});

test('an aborted run rejects with the reason of its signal', async () => {
  const ns = await cluster.namespace('abort');
  const stop = new AbortController();
  stop.abort(new Error('shutting down'));
  await assert.rejects(engine.apply([configMap(ns, 'a', {})], { owner, signal: stop.signal }), /shutting down/);
});
