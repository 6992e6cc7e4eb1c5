import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkStatus, type RunningController, startController, waitFor } from '#test-kit';
import { configMap, openStage, type Stage } from './stage.ts';

let stage: Stage;
let controller: RunningController;
before(async () => {
  stage = await openStage();
  controller = await startController('kustomize', { kubeconfig: stage.cluster.kubeconfigPath });
});
after(async () => {
  await controller[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const sourceRef = (name: string): object => ({ kind: 'GitRepository', name });

async function dataOf(name: string): Promise<unknown> {
  return (await stage.object(`configmaps/${name}`))?.['data'];
}

async function versionOf(name: string): Promise<string> {
  const object = await stage.object(`configmaps/${name}`);
  return String((object?.['metadata'] as { resourceVersion?: string } | undefined)?.resourceVersion);
}

async function annotate(name: string, value: string): Promise<void> {
  const { code, stderr } = await stage.cluster.kubectl([
    'annotate',
    '--overwrite',
    '-n',
    stage.namespace,
    `kustomization/${name}`,
    `reconcile.fluxcd.io/requestedAt=${value}`,
  ]);
  assert.equal(code, 0, stderr);
}

test('a new revision is applied at once, and what left the source is pruned', async () => {
  await stage.publish('update', { 'a.yaml': configMap('up-a'), 'b.yaml': configMap('up-b') });
  await stage.kustomization('update', { sourceRef: sourceRef('update') });
  await stage.ready('update', {});
  const revision = await stage.publish('update', {
    'a.yaml': configMap('up-a', { a: '2' }),
    'c.yaml': configMap('up-c'),
  });
  const object = await stage.ready('update', { revision });
  checkStatus(object);
  assert.deepEqual(await dataOf('up-a'), { a: '2' });
  assert.deepEqual(await dataOf('up-c'), { a: '1' });
  assert.equal(await stage.object('configmaps/up-b'), undefined);
  const prefix = `${stage.namespace}_`;
  assert.deepEqual(
    object.status?.inventory?.entries.map(({ id }) => id),
    [`${prefix}up-a__ConfigMap`, `${prefix}up-c__ConfigMap`],
  );
  assert.equal(object.status?.history?.length, 2);
  await controller.logged(({ msg }) => msg === `ConfigMap/${stage.namespace}/up-b deleted`);
});

test('a repeated run writes nothing but the status, and answers the request', async () => {
  await stage.publish('noop', { 'a.yaml': configMap('noop-a') });
  await stage.kustomization('noop', { sourceRef: sourceRef('noop') });
  await stage.ready('noop', {});
  const before = await versionOf('noop-a');
  await annotate('noop', 'one');
  const object = await waitFor(async () => {
    const found = await stage.get('noop');
    return found?.status?.lastHandledReconcileAt === 'one' ? found : undefined;
  });
  checkStatus(object);
  assert.equal(await versionOf('noop-a'), before);
  assert.equal(object.status?.history?.[0]?.['totalReconciliations'], 2);
});

test('an object that someone changes or deletes is repaired within two seconds', async () => {
  await stage.publish('drift', { 'a.yaml': configMap('drift-a'), 'b.yaml': configMap('drift-b') });
  await stage.kustomization('drift', { sourceRef: sourceRef('drift') });
  await stage.ready('drift', {});
  await sleep(300);
  const untouched = await versionOf('drift-b');
  const patch = { data: { a: 'changed', own: 'kept' } };
  const path = `${stage.objectPath('configmaps/drift-a')}?fieldManager=someone`;
  const changed = await stage.cluster.request('PATCH', path, patch, 'application/merge-patch+json');
  assert.equal(changed.status, 200);
  await waitFor(async () => JSON.stringify(await dataOf('drift-a')) === '{"a":"1","own":"kept"}', {
    timeoutMs: 2000,
    what: 'the repair',
  });
  await stage.cluster.request('DELETE', stage.objectPath('configmaps/drift-a'));
  await waitFor(() => dataOf('drift-a'), { timeoutMs: 2000, what: 'the object to be there again' });
  assert.equal(await versionOf('drift-b'), untouched);
  await controller.logged(({ msg }) => msg === `ConfigMap/${stage.namespace}/drift-a configured`);
});

test('a suspended Kustomization does nothing, answers requests, and goes on when resumed', async () => {
  await stage.publish('suspend', { 'a.yaml': configMap('suspend-a') });
  await stage.kustomization('suspend', { sourceRef: sourceRef('suspend') });
  await stage.ready('suspend', {});
  await stage.kustomization('suspend', { sourceRef: sourceRef('suspend'), suspend: true });
  await annotate('suspend', 'while suspended');
  const revision = await stage.publish('suspend', { 'a.yaml': configMap('suspend-a', { a: '2' }) });
  await waitFor(async () => (await stage.get('suspend'))?.status?.lastHandledReconcileAt === 'while suspended');
  assert.deepEqual(await dataOf('suspend-a'), { a: '1' });
  await stage.kustomization('suspend', { sourceRef: sourceRef('suspend') });
  checkStatus(await stage.ready('suspend', { revision }));
  assert.deepEqual(await dataOf('suspend-a'), { a: '2' });
});

test('variables come from ConfigMaps and Secrets, and a change of one is applied at once', async () => {
  const vars = (value: string): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'vars', namespace: stage.namespace, labels: { 'reconcile.fluxcd.io/watch': 'Enabled' } },
    data: { size: value },
  });
  await stage.cluster.apply(vars('small'));
  await stage.publish('vars', { 'a.yaml': configMap('vars-a', { a: '${size}-${colour:=red}' }) });
  await stage.kustomization('vars', {
    sourceRef: sourceRef('vars'),
    postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'vars' }] },
  });
  await stage.ready('vars', {});
  assert.deepEqual(await dataOf('vars-a'), { a: 'small-red' });
  await stage.cluster.apply(vars('large'));
  await waitFor(async () => JSON.stringify(await dataOf('vars-a')) === '{"a":"large-red"}', { timeoutMs: 3000 });
});

test('the spec shapes the build, and common metadata is on every object', async () => {
  await stage.publish('shape', {
    'deploy/kustomization.yaml': 'resources: [a.yaml]\n',
    'deploy/a.yaml': configMap('a'),
  });
  await stage.kustomization('shape', {
    sourceRef: sourceRef('shape'),
    path: './deploy',
    namePrefix: 'shape-',
    commonMetadata: { labels: { team: 'x' }, annotations: { note: 'y' } },
    patches: [{ patch: '[{"op":"replace","path":"/data/a","value":"patched"}]', target: { kind: 'ConfigMap' } }],
  });
  await stage.ready('shape', {});
  const object = await stage.object('configmaps/shape-a');
  assert.deepEqual(object?.['data'], { a: 'patched' });
  assert.ok(object);
  const { labels, annotations } = object['metadata'] as Record<string, Record<string, string>>;
  assert.deepEqual(labels, {
    'kustomize.toolkit.fluxcd.io/name': 'shape',
    'kustomize.toolkit.fluxcd.io/namespace': stage.namespace,
    team: 'x',
  });
  assert.deepEqual(annotations, { note: 'y' });
});

test('a restarted controller finds everything done and writes no object', async () => {
  await stage.publish('restart', { 'a.yaml': configMap('restart-a') });
  await stage.kustomization('restart', { sourceRef: sourceRef('restart') });
  await stage.ready('restart', {});
  const before = await versionOf('restart-a');
  await controller.restart();
  await annotate('restart', 'after restart');
  await waitFor(async () => (await stage.get('restart'))?.status?.lastHandledReconcileAt === 'after restart');
  assert.equal(await versionOf('restart-a'), before);
});
