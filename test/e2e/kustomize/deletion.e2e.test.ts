import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RunningController, startController, waitFor } from '#test-kit';
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

async function applied(name: string, spec: object): Promise<void> {
  await stage.publish(name, { 'a.yaml': configMap(`${name}-a`), 'b.yaml': configMap(`${name}-b`) });
  await stage.kustomization(name, { sourceRef: { kind: 'GitRepository', name }, ...spec });
  await stage.ready(name, {});
}

async function remove(name: string): Promise<void> {
  const { code, stderr } = await stage.cluster.kubectl([
    'delete',
    '--wait=false',
    '-n',
    stage.namespace,
    `kustomization/${name}`,
  ]);
  assert.equal(code, 0, stderr);
}

async function isGone(name: string): Promise<void> {
  await waitFor(async () => (await stage.get(name)) === undefined, { what: `${name} to be gone` });
}

for (const c of [
  { name: 'mirror', spec: {}, stays: false },
  { name: 'mirror-noprune', spec: { prune: false }, stays: true },
  { name: 'orphan', spec: { deletionPolicy: 'Orphan' }, stays: true },
  { name: 'always', spec: { prune: false, deletionPolicy: 'Delete' }, stays: false },
]) {
  test(`deletion: objects of "${c.name}" ${c.stays ? 'stay' : 'go'}`, async () => {
    await applied(c.name, c.spec);
    await remove(c.name);
    await isGone(c.name);
    const left = await stage.object(`configmaps/${c.name}-a`);
    assert.equal(left !== undefined, c.stays);
  });
}

test('deletion: a suspended Kustomization leaves its objects', async () => {
  await applied('asleep', {});
  await stage.kustomization('asleep', { sourceRef: { kind: 'GitRepository', name: 'asleep' }, suspend: true });
  await remove('asleep');
  await isGone('asleep');
  assert.ok(await stage.object('configmaps/asleep-a'));
});

test('deletion: objects that opted out or belong to another stay', async () => {
  await applied('guarded', {});
  const label = (name: string, text: string): Promise<unknown> =>
    stage.cluster.kubectl([
      'label',
      '--overwrite',
      '--field-manager=someone',
      '-n',
      stage.namespace,
      `configmap/${name}`,
      text,
    ]);
  await label('guarded-a', 'kustomize.toolkit.fluxcd.io/prune=disabled');
  await remove('guarded');
  await isGone('guarded');
  assert.ok(await stage.object('configmaps/guarded-a'));
  assert.equal(await stage.object('configmaps/guarded-b'), undefined);
  await controller.logged(({ msg }) => String(msg).includes(`ConfigMap/${stage.namespace}/guarded-a skipped`));
});

test('deletion: WaitForTermination keeps the Kustomization until the objects are gone', async () => {
  await applied('patient', { deletionPolicy: 'WaitForTermination' });
  const hold = (finalizers: readonly string[] | null): Promise<unknown> =>
    stage.cluster.request(
      'PATCH',
      `${stage.objectPath('configmaps/patient-a')}?fieldManager=someone`,
      { metadata: { finalizers } },
      'application/merge-patch+json',
    );
  await hold(['example.org/hold']);
  await remove('patient');
  await waitFor(async () => {
    const object = await stage.object('configmaps/patient-a');
    return (object?.['metadata'] as { deletionTimestamp?: string } | undefined)?.deletionTimestamp;
  });
  // The other object may still be on its way out when the first look is taken.
  await controller.logged(({ msg }) =>
    new RegExp(`^waiting for termination of (.*, )?ConfigMap/${stage.namespace}/patient-a(, |$)`).test(String(msg)),
  );
  assert.ok(await stage.get('patient'));
  await hold(null);
  await isGone('patient');
  assert.equal(await stage.object('configmaps/patient-a'), undefined);
});
