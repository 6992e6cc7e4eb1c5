import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkStatus, type RunningController, startController } from '#test-kit';
import { configMap, openStage, type Stage } from './stage.ts';
import { type Moment, startWriteGate, type WriteGate } from './write-gate.ts';

let stage: Stage;
let gate: WriteGate;
let controller: RunningController;
before(async () => {
  stage = await openStage();
  gate = await startWriteGate(stage.cluster);
  controller = await startController('kustomize', { kubeconfig: gate.kubeconfigPath });
});
after(async () => {
  await controller[Symbol.asyncDispose]();
  await gate[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const role = (name: string): string =>
  JSON.stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: `${stage.namespace}-${name}` },
    rules: [],
  });

/** What the source says first, then, and last: every step adds, changes and removes something, in two stages. */
const contents = (prefix: string): readonly Readonly<Record<string, string>>[] => [
  { 'r.yaml': role(`${prefix}-r1`), 'a.yaml': configMap(`${prefix}-a`), 'b.yaml': configMap(`${prefix}-b`) },
  {
    'r.yaml': role(`${prefix}-r2`),
    'a.yaml': configMap(`${prefix}-a`, { a: '2' }),
    'c.yaml': configMap(`${prefix}-c`),
  },
  { 'a.yaml': configMap(`${prefix}-a`, { a: '3' }), 'd.yaml': configMap(`${prefix}-d`) },
];

/** Names of everything in the cluster that says it belongs to a Kustomization. */
async function owned(name: string): Promise<readonly string[]> {
  const selector = `kustomize.toolkit.fluxcd.io/name=${name},kustomize.toolkit.fluxcd.io/namespace=${stage.namespace}`;
  const { stdout } = await stage.cluster.kubectl([
    'get',
    'configmaps,clusterroles',
    '-n',
    stage.namespace,
    '-l',
    selector,
    '-o',
    'name',
  ]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(line.indexOf('/') + 1))
    .toSorted();
}

/** Runs the first two steps, with the controller dying at a write; the last step comes while it is dead. */
async function crashAt(strikeAt: number | undefined, moment: Moment): Promise<void> {
  const name = `crash-${strikeAt ?? 'never'}-${moment}`;
  gate.watch(strikeAt, moment, () => controller.kill('SIGKILL'));
  const first = await stage.publish(name, contents(name)[0] ?? {});
  await stage.kustomization(name, { sourceRef: { kind: 'GitRepository', name } });
  let dead = false;
  const died = controller.waitForEnd().then(() => {
    dead = true;
  });
  /** Resolves early when the controller dies. */
  const settle = (revision: string): Promise<unknown> => Promise.race([died, stage.ready(name, { revision }, 15_000)]);
  await settle(first);
  if (!dead) await settle(await stage.publish(name, contents(name)[1] ?? {}));
  if (strikeAt !== undefined) {
    assert.ok(dead, `there was no write ${strikeAt}`);
    await controller.restart();
  }
  const revision = await stage.publish(name, contents(name)[2] ?? {});
  const object = await stage.ready(name, { revision });
  checkStatus(object);
  const want = [`${name}-a`, `${name}-d`];
  assert.deepEqual(await owned(name), want);
  assert.deepEqual((await stage.object(`configmaps/${name}-a`))?.['data'], { a: '3' });
  assert.deepEqual(
    object.status?.inventory?.entries.map(({ id }) => id),
    want.map((one) => `${stage.namespace}_${one}__ConfigMap`),
  );
}

test('a controller that dies before or after any of its writes leaves no orphan', async (t) => {
  await crashAt(undefined, 'before');
  const writes = gate.writes.map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`);
  // The last step is the recovery's own; its writes are among them but need no crash of their own.
  const count = writes.findLastIndex((write) => write.startsWith('DELETE')) + 1;
  t.diagnostic(`${writes.length} writes, crash points up to ${count}`);
  assert.ok(count > 8, writes.join('\n'));
  for (let at = 1; at <= count; at++) {
    for (const moment of ['before', 'after'] as const) {
      await t.test(`${moment} write ${at}: ${writes[at - 1]}`, () => crashAt(at, moment));
    }
  }
});
