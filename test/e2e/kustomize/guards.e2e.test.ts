import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkStatus, type RunningController, startController } from '#test-kit';
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

/** A Kustomization with annotations, which ask for another run so that they count at once. */
async function kustomization(
  name: string,
  annotations: Readonly<Record<string, string>>,
  spec: object = {},
): Promise<void> {
  await stage.cluster.apply({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: {
      name,
      namespace: stage.namespace,
      annotations: { ...annotations, 'reconcile.fluxcd.io/requestedAt': String(performance.now()) },
    },
    spec: {
      interval: '1h',
      retryInterval: '1h',
      prune: true,
      targetNamespace: stage.namespace,
      sourceRef: sourceRef(name),
      ...spec,
    },
  });
}

function messageOf(object: Awaited<ReturnType<Stage['get']>>): string {
  return object?.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
}

const files = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`${name}.yaml`, configMap(name)]));

test('every refused object is named with file and line', async () => {
  const bad = (name: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: [1]\n`;
  await stage.publish('lines', {
    'app/first.yaml': `${bad('bad-0')}---\n${bad('bad-1')}`,
    'app/second.yaml': `# a comment\n${bad('bad-2')}`,
    'app/third.yaml': bad('bad-3'),
  });
  await kustomization('lines', {}, { path: 'app' });
  const object = await stage.ready('lines', { status: 'False', reason: 'ReconciliationFailed' });
  checkStatus(object);
  const lines = messageOf(object).split('\n');
  assert.match(lines[0] ?? '', /bad-0 dry-run failed.* \(in app\/first\.yaml, line 1\)$/);
  assert.match(lines[1] ?? '', /bad-1 dry-run failed.* \(in app\/first\.yaml, line 8\)$/);
  assert.match(lines[2] ?? '', /bad-2 dry-run failed.* \(in app\/second\.yaml, line 2\)$/);
  assert.equal(lines[3], 'and 1 more, listed in the event');
  await controller.logged(({ error }) => /bad-3 dry-run failed.*third\.yaml, line 1/s.test(String(error)));
});

test('deprecated fields of kustomize are logged', async () => {
  await stage.publish('old', {
    'kustomization.yaml': 'resources: [a.yaml]\ncommonLabels: {tier: front}\n',
    'a.yaml': configMap('old-a'),
  });
  await kustomization('old', {});
  await stage.ready('old', {});
  await controller.logged(({ msg }) => String(msg).includes("'commonLabels' is deprecated"));
});

test('a prune over the budget waits for approval of exactly that set', async () => {
  const budget = { 'sluice.dev/prune-budget': '1' };
  await stage.publish('budget', files('budget-a', 'budget-b', 'budget-c'));
  await kustomization('budget', budget);
  await stage.ready('budget', {});
  await stage.publish('budget', { ...files('budget-a'), 'new.yaml': configMap('budget-new') });
  const held = await stage.ready('budget', { status: 'False', reason: 'PruneBudgetExceeded' });
  checkStatus(held);
  assert.match(messageOf(held), /^2 objects would be deleted, expected at most 1 /);
  assert.ok(await stage.object('configmaps/budget-b'));
  assert.ok(await stage.object('configmaps/budget-new'), 'the rest of the sync is done');
  assert.equal(held.status?.inventory?.entries.length, 4);
  const digest = /prune-approved: "([0-9a-f]+)"/.exec(messageOf(held))?.[1] ?? '';
  await kustomization('budget', { ...budget, 'sluice.dev/prune-approved': digest });
  const done = await stage.ready('budget', {});
  assert.equal(await stage.object('configmaps/budget-b'), undefined);
  assert.equal(done.status?.inventory?.entries.length, 2);
});

test('an observer tells what differs and writes nothing', async () => {
  await stage.publish('look', files('look-a', 'look-b'));
  await kustomization('look', { 'sluice.dev/mode': 'observe' });
  const missing = await stage.ready('look', { status: 'False', reason: 'DriftDetected' });
  checkStatus(missing);
  const { namespace } = stage;
  assert.equal(
    messageOf(missing),
    `ConfigMap/${namespace}/look-a is missing\nConfigMap/${namespace}/look-b is missing`,
  );
  assert.equal(await stage.object('configmaps/look-a'), undefined);
  assert.equal(missing.status?.inventory?.entries.length ?? 0, 0);
  // Applied for once, then changed by someone.
  await kustomization('look', { 'sluice.dev/mode': '' });
  await stage.ready('look', {});
  await kustomization('look', { 'sluice.dev/mode': 'observe' });
  await stage.ready('look', { message: /^Observed revision: / });
  await stage.cluster.request(
    'PATCH',
    `${stage.objectPath('configmaps/look-a')}?fieldManager=someone`,
    { data: { a: 'other' } },
    'application/merge-patch+json',
  );
  const drifted = await stage.ready('look', { status: 'False', reason: 'DriftDetected' });
  assert.equal(messageOf(drifted), `ConfigMap/${namespace}/look-a differs: .data.a by "someone"`);
  assert.deepEqual((await stage.object('configmaps/look-a'))?.['data'], { a: 'other' });
  await stage.cluster.kubectl(['delete', '-n', namespace, 'kustomization/look']);
  assert.ok(await stage.object('configmaps/look-b'), 'an observer deletes nothing either');
});

test('partial apply holds only what depends on a refused object', async () => {
  const deployment = (name: string, configMapName: string): string =>
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'app', image: 'app:1', envFrom: [{ configMapRef: { name: configMapName } }] }] },
        },
      },
    });
  const bad = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'part-bad' }, data: { a: [1] } });
  const content = {
    'bad.yaml': bad,
    'good.yaml': configMap('part-good'),
    'waits.yaml': deployment('part-waits', 'part-bad'),
    'runs.yaml': deployment('part-runs', 'part-good'),
  };
  await stage.publish('part', { ...files('part-old') });
  await kustomization('part', { 'sluice.dev/apply': 'partial' });
  await stage.ready('part', {});
  await stage.publish('part', content);
  const partly = await stage.ready('part', { status: 'False', reason: 'PartiallyApplied' });
  checkStatus(partly);
  assert.match(messageOf(partly), /part-bad dry-run failed/);
  assert.match(messageOf(partly), /Deployment\/ks-\w+\/part-waits held: it needs ConfigMap\/ks-\w+\/part-bad/);
  assert.ok(await stage.object('configmaps/part-good'));
  assert.ok(await stage.object('apis/apps/v1:deployments/part-runs'));
  assert.equal(await stage.object('apis/apps/v1:deployments/part-waits'), undefined);
  assert.ok(await stage.object('configmaps/part-old'), 'nothing is pruned meanwhile');
  await stage.publish('part', { ...content, 'bad.yaml': configMap('part-bad') });
  await stage.ready('part', {});
  assert.ok(await stage.object('apis/apps/v1:deployments/part-waits'));
  assert.equal(await stage.object('configmaps/part-old'), undefined);
});
