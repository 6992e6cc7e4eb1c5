import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkStatus, type LogLine, type RunningController, startController, waitFor } from '#test-kit';
import { configMap, openStage, type Stage } from './stage.ts';

let stage: Stage;
let controller: RunningController;
before(async () => {
  stage = await openStage();
  controller = await startController('kustomize', {
    kubeconfig: stage.cluster.kubeconfigPath,
    args: ['--feature-gates=CancelHealthCheckOnNewRevision=true'],
  });
});
after(async () => {
  await controller[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const sourceRef = (name: string): object => ({ kind: 'GitRepository', name });

async function write(path: string, patch: object, manager = 'someone'): Promise<void> {
  const url = `${stage.objectPath(path)}?fieldManager=${manager}`;
  const { status } = await stage.cluster.request('PATCH', url, patch, 'application/merge-patch+json');
  assert.equal(status, 200);
}

async function field(path: string, key: string): Promise<unknown> {
  const object = await stage.object(path);
  return (object?.[key === 'a' || key === 'b' ? 'data' : 'spec'] as Record<string, unknown> | undefined)?.[key];
}

const said = (text: RegExp) => (line: LogLine) => text.test(String(line['msg']));

test('drift is repaired and told with object, field and manager; a value is never told', async () => {
  await stage.publish('drift', { 'a.yaml': configMap('drift-a'), 'b.yaml': configMap('drift-b') });
  await stage.kustomization('drift', { sourceRef: sourceRef('drift') });
  await stage.ready('drift', {});
  await write('configmaps/drift-a', { data: { a: 's3cret' } }, 'meddler');
  await waitFor(async () => (await field('configmaps/drift-a', 'a')) === '1', { timeoutMs: 5000 });
  const ns = stage.namespace;
  await controller.logged(said(new RegExp(`^ConfigMap/${ns}/drift-a was changed: \\.data\\.a by "meddler"$`)));
  assert.equal((await stage.cluster.request('DELETE', stage.objectPath('configmaps/drift-b'))).status, 200);
  await waitFor(() => stage.object('configmaps/drift-b'), { timeoutMs: 5000 });
  await controller.logged(said(new RegExp(`^ConfigMap/${ns}/drift-b was deleted$`)));
  assert.ok(!(await controller.logs()).some((line) => JSON.stringify(line).includes('s3cret')));
  checkStatus(await stage.ready('drift', {}));
});

test('who keeps changing an object is named, and answered more slowly', async () => {
  await stage.publish('fight', { 'a.yaml': configMap('fight-a') });
  await stage.kustomization('fight', { sourceRef: sourceRef('fight') });
  await stage.ready('fight', {});
  for (let round = 0; round < 3; round++) {
    await write('configmaps/fight-a', { data: { a: `other ${round}` } }, 'rival');
    await waitFor(async () => (await field('configmaps/fight-a', 'a')) === '1', { timeoutMs: 10_000 });
  }
  const line = await controller.logged(said(/^ConfigMap\/ks-\w+\/fight-a: "rival" keeps changing \.data\.a\n/));
  assert.match(String(line['msg']), /expected one writer/);
});

test('fields of spec.ignore are left to others, while the rest is kept as Git says', async () => {
  const deployment = (replicas: number, image: string): string =>
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'scaled' },
      spec: {
        replicas,
        paused: false,
        selector: { matchLabels: { app: 'scaled' } },
        template: { metadata: { labels: { app: 'scaled' } }, spec: { containers: [{ name: 'app', image }] } },
      },
    });
  const path = 'apis/apps/v1:deployments/scaled';
  const image = async (): Promise<string> =>
    JSON.stringify((await stage.object(path))?.['spec']).replace(/.*"image":"([^"]+)".*/, '$1');
  await stage.publish('scaled', { 'a.yaml': deployment(1, 'app:1') });
  await stage.kustomization('scaled', {
    sourceRef: sourceRef('scaled'),
    ignore: [{ paths: ['/spec/replicas'], target: { kind: 'Deployment' } }],
  });
  await stage.ready('scaled', {});
  assert.equal(await field(path, 'replicas'), 1, 'an object that is new gets everything');
  await write(path, { spec: { replicas: 5 } }, 'scaler');
  await write(path, { spec: { paused: true } }, 'someone');
  await waitFor(async () => (await field(path, 'paused')) !== true, {
    timeoutMs: 5000,
    what: 'the drift to be repaired',
  });
  assert.equal(await field(path, 'replicas'), 5);
  // Git changes the ignored field and another one: only that one is applied.
  const revision = await stage.publish('scaled', { 'a.yaml': deployment(2, 'app:2') });
  await stage.ready('scaled', { revision });
  assert.equal(await image(), 'app:2');
  assert.equal(await field(path, 'replicas'), 5);
  // Held by an applier: it is not even sent.
  const applied = await stage.cluster.kubectl(
    ['apply', '--server-side', '--force-conflicts', '--field-manager=hpa', '-n', stage.namespace, '-f', '-'],
    {
      input: JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'scaled' },
        spec: { replicas: 7 },
      }),
    },
  );
  assert.equal(applied.code, 0, applied.stderr);
  const next = await stage.publish('scaled', { 'a.yaml': deployment(2, 'app:3') });
  await stage.ready('scaled', { revision: next });
  assert.equal(await image(), 'app:3');
  assert.equal(await field(path, 'replicas'), 7);
});

test('a rule that cannot be read is named', async () => {
  await stage.publish('unreadable', { 'a.yaml': configMap('unreadable-a') });
  await stage.kustomization('unreadable', {
    sourceRef: sourceRef('unreadable'),
    ignore: [{ paths: ['/data/a'], target: { name: '(' } }],
  });
  await stage.ready('unreadable', {
    status: 'False',
    reason: 'ReconciliationFailed',
    message: /^cannot read spec\.ignore\[0\]: /,
  });
});

test('an update causes one run, however the watch and the answer to the write come', async () => {
  const files = (value: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i}.yaml`, configMap(`own-${i}`, { a: value })]));
  await stage.publish('own', files('0'));
  await stage.kustomization('own', { sourceRef: sourceRef('own') });
  await stage.ready('own', {});
  const rounds = 5;
  for (let round = 1; round <= rounds; round++) {
    // By turns all objects (validated first) and one (the write is its own validation).
    const revision = await stage.publish(
      'own',
      round % 2 === 1
        ? files(String(round))
        : { ...files(String(round - 1)), '0.yaml': configMap('own-0', { a: 'x' }) },
    );
    await stage.ready('own', { revision });
  }
  await sleep(1500); // a superfluous run would have come by now
  const finished = (await controller.logs()).filter(
    (line) => line['name'] === 'own' && String(line['msg']).startsWith('Reconciliation finished'),
  );
  assert.equal(finished.length, rounds + 1);
});

test('waiting holds no worker, and a new revision ends the wait', async () => {
  const deployment = (name: string): string =>
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'app:1' }] } },
      },
    });
  const names = Array.from({ length: 100 }, (_, i) => `stuck-${i}`);
  await stage.publish('stuck', Object.fromEntries(names.map((name) => [`${name}/a.yaml`, deployment(name)])));
  const spec = { interval: '1h', prune: true, wait: true, timeout: '5m', targetNamespace: stage.namespace };
  await stage.cluster.apply(
    ...names.map((name) => ({
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name, namespace: stage.namespace },
      spec: { ...spec, sourceRef: sourceRef('stuck'), path: name },
    })),
  );
  await stage.ready('stuck-99', { status: 'Unknown' }, 60_000);
  await stage.publish('quick', { 'a.yaml': configMap('quick-a') });
  const before = performance.now();
  await stage.kustomization('quick', { sourceRef: sourceRef('quick') });
  await waitFor(() => stage.object('configmaps/quick-a'), { pollMs: 10 });
  const tookMs = performance.now() - before;
  assert.ok(tookMs < 3000, `a healthy Kustomization took ${Math.round(tookMs)} ms beside 100 that wait`);
  const other = deployment('stuck-0').replace('app:1', 'app:2');
  await stage.publish('stuck', { 'stuck-0/a.yaml': other });
  const canceled = `Health checks canceled due to new reconciliation triggered by GitRepository/${stage.namespace}/stuck`;
  await controller.logged((line) => line['name'] === 'stuck-0' && line['msg'] === canceled);
  const revision = await stage.publish('stuck', { 'stuck-0/a.yaml': configMap('unstuck') });
  checkStatus(await stage.ready('stuck-0', { revision }));
});
