import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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

function deployment(name: string): string {
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'c', image: 'example.org/x:1' }] },
      },
    },
  });
}

/** Plays the Deployment controller, which this API server runs without. */
async function setRollout(name: string, outcome: 'done' | 'stuck'): Promise<void> {
  const path = stage.objectPath(`apis/apps/v1:deployments/${name}`);
  const live = await waitFor(() => stage.object(`apis/apps/v1:deployments/${name}`));
  const { generation } = live['metadata'] as { generation: number };
  const progressing = {
    type: 'Progressing',
    status: outcome === 'done' ? 'True' : 'False',
    reason: outcome === 'done' ? 'NewReplicaSetAvailable' : 'ProgressDeadlineExceeded',
    message: '',
  };
  const count = outcome === 'done' ? 1 : 0;
  const status = {
    observedGeneration: generation,
    ...(count > 0 && { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }),
    conditions: [progressing, { type: 'Available', status: count > 0 ? 'True' : 'False', reason: 'x', message: '' }],
  };
  const answer = await stage.cluster.request('PATCH', `${path}/status`, { status }, 'application/merge-patch+json');
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

test('a dependent starts as soon as its dependency is ready', async () => {
  await stage.publish('dep', { 'first/a.yaml': deployment('dep-first'), 'second/b.yaml': configMap('dep-second') });
  await stage.kustomization('second', { sourceRef: sourceRef('dep'), path: 'second', dependsOn: [{ name: 'first' }] });
  await stage.ready('second', {
    status: 'False',
    reason: 'DependencyNotReady',
    message: /^dependency 'ks-\w+\/first' not found: kustomizations/,
  });
  await stage.kustomization('first', { sourceRef: sourceRef('dep'), path: 'first', wait: true });
  const waiting = await stage.ready('first', { status: 'Unknown' });
  checkStatus(waiting, { settled: false });
  assert.equal(await stage.object('configmaps/dep-second'), undefined);
  await setRollout('dep-first', 'done');
  const first = await stage.ready('first', {});
  checkStatus(first);
  assert.match(
    first.status?.conditions?.find(({ type }) => type === 'Healthy')?.message ?? '',
    /^Health check passed in /,
  );
  const readyAt = Date.now();
  await waitFor(() => stage.object('configmaps/dep-second'), { timeoutMs: 5000, pollMs: 10 });
  assert.ok(Date.now() - readyAt < 1000, `the dependent took ${Date.now() - readyAt} ms`);
  checkStatus(await stage.ready('second', {}));
});

test('a dependency that is ready for the last commit is not ready for this one', async () => {
  await stage.publish('rev', { 'one/a.yaml': deployment('rev-one'), 'two/b.yaml': configMap('rev-two') });
  await stage.kustomization('one', { sourceRef: sourceRef('rev'), path: 'one' });
  await stage.ready('one', {});
  await stage.kustomization('two', { sourceRef: sourceRef('rev'), path: 'two', dependsOn: [{ name: 'one' }] });
  await stage.ready('two', {});
  const revision = await stage.publish('rev', {
    'one/a.yaml': 'kind: [',
    'two/b.yaml': configMap('rev-two', { a: '2' }),
  });
  await stage.ready('one', { status: 'False', reason: 'BuildFailed' });
  await stage.ready('two', {
    status: 'False',
    reason: 'DependencyNotReady',
    message: /.one' (is not ready|revision is not up to date)$/,
  });
  assert.deepEqual((await stage.object('configmaps/rev-two'))?.['data'], { a: '1' });
  assert.notEqual((await stage.get('two'))?.status?.lastAppliedRevision, revision);
});

test('a cycle of dependencies is named', async () => {
  await stage.publish('cycle', { 'a.yaml': configMap('cycle-a') });
  for (const [name, other] of [
    ['x', 'y'],
    ['y', 'z'],
    ['z', 'x'],
  ] as const) {
    await stage.kustomization(name, { sourceRef: sourceRef('cycle'), dependsOn: [{ name: other }] });
  }
  const ns = stage.namespace;
  for (const [name, path] of [
    ['x', 'x -> y -> z -> x'],
    ['y', 'y -> z -> x -> y'],
    ['z', 'z -> x -> y -> z'],
  ] as const) {
    const want = `circular dependency detected: ${path
      .split(' -> ')
      .map((part) => `${ns}/${part}`)
      .join(' -> ')}`;
    // Whoever ran before the cycle was closed looks again when the poll comes, or when it is asked to.
    await stage.cluster.kubectl([
      'annotate',
      '--overwrite',
      '-n',
      ns,
      `kustomization/${name}`,
      `reconcile.fluxcd.io/requestedAt=${Date.now()}`,
    ]);
    const object = await stage.ready(name, {
      status: 'False',
      reason: 'DependencyNotReady',
      message: new RegExp(`^${want}$`),
    });
    checkStatus(object);
  }
  await stage.kustomization('z', { sourceRef: sourceRef('cycle') });
  await stage.ready('x', {});
});

test('a failed rollout ends the wait, and its repair in Git ends the failure', async () => {
  await stage.publish('stuck', { 'a.yaml': deployment('stuck') });
  await stage.kustomization('stuck', { sourceRef: sourceRef('stuck'), wait: true, timeout: '5m' });
  await stage.ready('stuck', { status: 'Unknown' });
  await setRollout('stuck', 'stuck');
  const failed = await stage.ready('stuck', { status: 'False', reason: 'HealthCheckFailed' });
  checkStatus(failed);
  const ready = failed.status?.conditions?.find(({ type }) => type === 'Ready');
  assert.match(
    ready?.message ?? '',
    /^health check failed after \d+s: failed early due to stalled resources: \[Deployment\/ks-\w+\/stuck status: 'Failed'/,
  );
  assert.equal(failed.status?.history?.[0]?.['lastReconciledStatus'], 'HealthCheckFailed');
  const revision = await stage.publish('stuck', { 'a.yaml': deployment('stuck').replace('x:1', 'x:2') });
  await waitFor(async () => (await stage.get('stuck'))?.status?.lastAttemptedRevision === revision);
  await setRollout('stuck', 'done');
  checkStatus(await stage.ready('stuck', { revision }));
});

test('named health checks wait for objects of others', async () => {
  await stage.publish('named', { 'a.yaml': configMap('named-a') });
  await stage.kustomization('named', {
    sourceRef: sourceRef('named'),
    healthChecks: [{ kind: 'Deployment', name: 'elsewhere', namespace: stage.namespace }],
  });
  await stage.ready('named', { status: 'Unknown' });
  const object: unknown = JSON.parse(deployment('elsewhere'));
  assert.ok(typeof object === 'object' && object !== null);
  await stage.cluster.apply({ ...object, metadata: { name: 'elsewhere', namespace: stage.namespace } });
  await setRollout('elsewhere', 'done');
  checkStatus(await stage.ready('named', {}));
});
