import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkStatus, ownCluster } from '#test-kit';
import { configMap, gitRepository, kustomization, notificationObjects } from './manifests.ts';
import { checkOwnership } from './orphans.ts';
import { openPlatform } from './platform.ts';

const units = Array.from({ length: 20 }, (_, index) => `unit-${String(index).padStart(2, '0')}`);

/** Three ConfigMaps for each unit; the second comes only with the first round, the third only with the later ones. */
function filesOf(round: number): Record<string, string | null> {
  return Object.fromEntries(
    units.flatMap((unit) => [
      [`${unit}/a.yaml`, configMap(`${unit}-a`, { round: String(round) })],
      [`${unit}/b.yaml`, round === 0 ? configMap(`${unit}-b`) : null],
      [`${unit}/c.yaml`, round === 0 ? null : configMap(`${unit}-c`, { round: String(round) })],
    ]),
  );
}

test('the API server dies in the middle of syncs and comes back: all processes live, nothing is lost or left', async () => {
  await using cluster = await ownCluster();
  await using platform = await openPlatform({ cluster });
  const pids = Object.values(platform.controllers).map(({ pid }) => pid);
  const namespace = await cluster.namespace('outage');
  let commit = await platform.git.createRepository(
    'units',
    Object.fromEntries(Object.entries(filesOf(0)).filter(([, content]) => content !== null)),
  );
  await platform.apply(
    ...notificationObjects(namespace, 'units', platform.alerts.url),
    gitRepository(namespace, 'units', platform.git.repositoryUrl('units')),
    ...units.map((unit) =>
      kustomization(namespace, unit, 'units', { path: `./${unit}`, targetNamespace: namespace, retryInterval: '2s' }),
    ),
  );
  // The first sync is under way when the server dies, then two updates are, each a little later than the one before.
  for (const [round, delayMs] of [0, 150, 400].entries()) {
    if (round > 0) {
      commit = await platform.git.commit('units', filesOf(round), `Round ${round}`);
      await platform.request('gitrepositories', namespace, 'units');
    }
    await sleep(delayMs);
    await cluster.killApiServer('SIGKILL');
    await sleep(1500);
    await cluster.restartApiServer();
    for (const unit of units) {
      checkStatus(await platform.ready('kustomizations', namespace, unit, { commit }, 60_000));
    }
    checkStatus(await platform.ready('gitrepositories', namespace, 'units', { commit }));
  }
  assert.equal(await checkOwnership(cluster, [namespace]), units.length * 2);
  for (const unit of units) {
    assert.deepEqual((await platform.get('configmaps', namespace, `${unit}-a`))?.data, { round: '2' });
    assert.equal(await platform.get('configmaps', namespace, `${unit}-b`), undefined);
  }
  assert.deepEqual(
    Object.values(platform.controllers).map(({ pid }) => pid),
    pids,
  );
  for (const pid of pids) assert.doesNotThrow(() => process.kill(pid, 0));
  // Watches are there again: a change by hand is seen and repaired.
  const path = `/api/v1/namespaces/${namespace}/configmaps/unit-00-a`;
  await cluster.request(
    'PATCH',
    `${path}?fieldManager=someone`,
    { data: { round: 'x' } },
    'application/merge-patch+json',
  );
  await platform.settled('configmaps', namespace, 'unit-00-a', ({ data }) => data?.['round'] === '2');
});
