import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkStatus, type RunningController, startController } from '#test-kit';
import { configMap, openStage, type Stage } from './stage.ts';
import { type Moment, startWriteGate, type Write, type WriteGate } from './write-gate.ts';

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

/**
 * Runs the first two steps, with the controller dying at a write; the last step comes while it is dead.
 * @returns the write that it died at; undefined when it made fewer
 */
async function crashAt(strikeAt: number, moment: Moment): Promise<Write | undefined> {
  const name = `crash-${strikeAt}-${moment}`;
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
  const write = dead ? gate.writes[strikeAt - 1] : undefined;
  gate.watch();
  if (dead) await controller.restart();
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
  return write;
}

test('a controller that dies before or after any of its writes leaves no orphan', async (t) => {
  let diedAt = 0;
  // How many writes there are varies with the load of the machine: phases that last are written, short ones are not.
  for (let at = 1; diedAt === at - 1; at++) {
    for (const moment of ['before', 'after'] as const) {
      await t.test(`${moment} write ${at}`, async (each) => {
        const write = await crashAt(at, moment);
        each.diagnostic(write === undefined ? 'there is no such write' : `${write.method} ${write.path}`);
        if (write !== undefined) diedAt = at;
      });
    }
  }
  assert.ok(diedAt > 8, `the controller made ${diedAt} writes, expected more than 8`);
});

/** Deterministic numbers in [0, 1), so that a failure can be repeated. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('a controller that dies at 50 random moments ends in what the source says', async () => {
  gate.watch();
  const random = randomNumbers(7);
  const name = 'random';
  const pick = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e']
        .filter((key) => key === 'a' || random() < 0.5)
        .map((key) => [`${key}.yaml`, configMap(`random-${key}`, { v: String(random()) })]),
    );
  await stage.publish(name, pick());
  await stage.kustomization(name, { sourceRef: { kind: 'GitRepository', name } });
  for (let kill = 0; kill < 50; kill++) {
    await stage.publish(name, pick());
    await sleep(random() * 120);
    await controller.restart();
  }
  const last = pick();
  const revision = await stage.publish(name, last);
  const object = await stage.ready(name, { revision });
  checkStatus(object);
  const want = Object.keys(last).map((path) => `random-${path.replace('.yaml', '')}`);
  assert.deepEqual(await owned(name), want);
  for (const one of want) {
    const text: unknown = JSON.parse(last[`${one.slice('random-'.length)}.yaml`] ?? '{}');
    assert.deepEqual((await stage.object(`configmaps/${one}`))?.['data'], (text as { data: unknown }).data);
  }
});
