import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiWrite, checkStatus, type ControllerName, type StrikeMoment, waitFor } from '#test-kit';
import { configMap, gitRepository, kustomization, notificationObjects, webhookToken } from './manifests.ts';
import { checkOwnership } from './orphans.ts';
import { openPlatform, pathOf, type Platform, type Resource } from './platform.ts';

const names: readonly ControllerName[] = ['source', 'kustomize', 'notification'];

let platform: Platform;
before(async () => {
  platform = await openPlatform({ gates: true, args: { source: ['--artifact-retention-ttl=1s'] } });
});
after(() => platform?.[Symbol.asyncDispose]());

/** Calls the Receiver as a hosting service does: again and again until it is heard. */
async function callWebhook(namespace: string): Promise<void> {
  const body = '{}';
  const signature = `sha256=${createHmac('sha256', webhookToken).update(body).digest('hex')}`;
  const receiver = await platform.ready('receivers', namespace, 'app');
  const url = `${platform.controllers.notification.urls.receiver}${receiver.status.webhookPath}`;
  await waitFor(
    async () => (await fetch(url, { method: 'POST', headers: { 'x-signature': signature }, body })).status === 200,
    { what: 'the webhook to be heard' },
  );
}

async function remove(resource: Resource, namespace: string, name: string): Promise<void> {
  const { status } = await platform.cluster.request('DELETE', pathOf(resource, namespace, name));
  assert.equal(status, 200);
}

/** The life of an application from its first commit to its deletion; each step asserts what Git says. */
async function live(namespace: string): Promise<void> {
  const { cluster, git } = platform;
  const repository = namespace;
  const first = await git.createRepository(repository, { 'a.yaml': configMap('a'), 'b.yaml': configMap('b') });
  await platform.apply(
    ...notificationObjects(namespace, 'app', platform.alerts.url),
    gitRepository(namespace, 'app', git.repositoryUrl(repository)),
    kustomization(namespace, 'app', 'app', { targetNamespace: namespace }),
  );
  await platform.ready('kustomizations', namespace, 'app', { commit: first });
  const second = await git.commit(
    repository,
    { 'a.yaml': configMap('a', { a: '2' }), 'b.yaml': null, 'c.yaml': configMap('c') },
    'Second',
  );
  await callWebhook(namespace);
  checkStatus(await platform.ready('kustomizations', namespace, 'app', { commit: second }));
  checkStatus(await platform.ready('gitrepositories', namespace, 'app', { commit: second }));
  checkStatus(await platform.ready('receivers', namespace, 'app'));
  assert.deepEqual((await platform.get('configmaps', namespace, 'a'))?.data, { a: '2' });
  assert.equal(await platform.get('configmaps', namespace, 'b'), undefined);
  assert.equal(await checkOwnership(cluster, [namespace]), 2);

  await remove('kustomizations', namespace, 'app');
  await platform.gone('kustomizations', namespace, 'app');
  assert.equal(await checkOwnership(cluster, [namespace]), 0);
  await remove('gitrepositories', namespace, 'app');
  await platform.gone('gitrepositories', namespace, 'app');
  const archives = join(platform.controllers.source.dir, 'data/gitrepository', namespace);
  await waitFor(() => !existsSync(join(archives, 'app')), { what: 'the archives to be gone' });
  for (const [resource, name] of [
    ['receivers', 'app'],
    ['alerts', 'all'],
    ['providers', 'sink'],
  ] as const) {
    await remove(resource, namespace, name);
    await platform.gone(resource, namespace, name);
  }
}

/** One life with the named controller dying at its n-th write and coming back at once. @returns its writes */
async function liveThrough(
  victim: ControllerName,
  at: number | undefined,
  moment: StrikeMoment,
): Promise<readonly ApiWrite[]> {
  const namespace = await platform.cluster.namespace(`crash-${victim}`);
  const controller = platform.controllers[victim];
  let back: Promise<void> | undefined;
  const strike = (): void => {
    controller.kill('SIGKILL');
    back = controller.restart();
  };
  platform.gate(victim).watch(at === undefined ? undefined : { at, moment, strike });
  await live(namespace);
  // After the last write the object is gone a moment before the controller is struck.
  if (at !== undefined) await waitFor(() => back !== undefined, { what: `${victim}-controller to be struck` });
  await back;
  const writes = [...platform.gate(victim).writes];
  platform.gate(victim).watch();
  return writes;
}

for (const victim of names) {
  test(`${victim}-controller dies before or after any of its writes, and nothing is lost or left`, async (t) => {
    const writes = await liveThrough(victim, undefined, 'before');
    const told = writes.map(({ method, path }) => `${method} ${path.split('/').slice(-3).join('/')}`);
    assert.ok(writes.length >= 4, told.join('\n'));
    // What kustomize-controller does up to the second commit is struck in test/e2e/kustomize; here it is the deletion.
    const first = victim === 'kustomize' ? writes.length - 2 : 1;
    if (victim === 'kustomize') assert.match(told[first - 1] ?? '', /^DELETE/);
    for (let at = first; at <= writes.length; at++) {
      for (const moment of ['before', 'after'] as const) {
        await t.test(`${moment} write ${at}: ${told[at - 1]}`, async () => {
          await liveThrough(victim, at, moment);
        });
      }
    }
  });
}

/** Deterministic numbers in [0, 1), so that a failure can be repeated. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('any controller dies at 50 random moments, and the cluster ends as Git says', async () => {
  const { cluster, git } = platform;
  const random = randomNumbers(20);
  const namespace = await cluster.namespace('random');
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const pick = (): Record<string, string | null> =>
    Object.fromEntries(
      keys.map((key) => {
        const there = key === 'a' || random() < 0.5;
        return [`${key}.yaml`, there ? configMap(key, { v: String(random()) }) : null];
      }),
    );
  await git.createRepository(namespace, { 'a.yaml': configMap('a') });
  await platform.apply(
    ...notificationObjects(namespace, 'app', platform.alerts.url),
    gitRepository(namespace, 'app', git.repositoryUrl(namespace)),
    kustomization(namespace, 'app', 'app', { targetNamespace: namespace }),
  );
  const restarts = new Map<ControllerName, Promise<void>>();
  for (let kill = 0; kill < 50; kill++) {
    await git.commit(namespace, pick(), `Commit ${kill}`);
    await platform.request('gitrepositories', namespace, 'app');
    await sleep(random() * 400);
    const victim = names[Math.floor(random() * names.length)] ?? 'source';
    // One that is on its way up is struck once it is there: a start that fails would be no moment of its work.
    await restarts.get(victim);
    restarts.set(victim, platform.controllers[victim].restart());
  }
  await Promise.all(restarts.values());
  const last = pick();
  const commit = await git.commit(namespace, last, 'Last');
  await callWebhook(namespace);
  checkStatus(await platform.ready('kustomizations', namespace, 'app', { commit }, 60_000));
  checkStatus(await platform.ready('gitrepositories', namespace, 'app', { commit }));
  const there = keys.filter((key) => last[`${key}.yaml`] !== null);
  assert.equal(await checkOwnership(cluster, [namespace]), there.length);
  for (const key of there) {
    const wanted: { data: unknown } = JSON.parse(last[`${key}.yaml`] ?? '');
    assert.deepEqual((await platform.get('configmaps', namespace, key))?.data, wanted.data);
  }
});
