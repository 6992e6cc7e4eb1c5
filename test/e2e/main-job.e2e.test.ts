import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { checkStatus, sharedCluster, waitFor } from '#test-kit';
import { conditionOf } from './live.ts';
import { configMap, deployment, gitRepository, kustomization, notificationObjects, webhookToken } from './manifests.ts';
import { checkOwnership } from './orphans.ts';
import { openPlatform, type Platform } from './platform.ts';
import { alertAbout, type Told } from './told.ts';

let platform: Platform;
let namespace: string;
before(async () => {
  const cluster = await sharedCluster({ controllerManager: true, scheduler: true, kwok: true });
  platform = await openPlatform({ cluster });
  namespace = await cluster.namespace('main');
});
after(() => platform?.[Symbol.asyncDispose]());

const files = {
  'infra/web.yaml': deployment('web'),
  'apps/kustomization.yaml': 'resources: [settings.yaml, old.yaml]\nnamePrefix: app-\n',
  'apps/settings.yaml': configMap('settings', { cluster: '${cluster_name}', tier: '${tier:=gold}' }),
  'apps/old.yaml': configMap('old'),
};

/** What a hosting service does after a push. @returns the status of the answer */
async function callWebhook(path: string): Promise<number> {
  const body = JSON.stringify({ ref: 'refs/heads/main' });
  const signature = `sha256=${createHmac('sha256', webhookToken).update(body).digest('hex')}`;
  const url = `${platform.controllers.notification.urls.receiver}${path}`;
  return (await fetch(url, { method: 'POST', headers: { 'x-signature': signature }, body })).status;
}

const alerted = (kind: string, name: string, message: RegExp): Promise<Told> =>
  alertAbout(platform.alerts, namespace, kind, name, 'info', message);

test('a commit becomes objects in order, an alert says so, and a webhook brings the next one', async (t) => {
  const { cluster, git } = platform;
  const first = await git.createRepository('main-job', files);

  await t.test('the first commit is applied, the dependent after its dependency', async () => {
    await cluster.apply(...notificationObjects(namespace, 'main-job', platform.alerts.url));
    await platform.ready('receivers', namespace, 'main-job');
    await cluster.apply(
      kustomization(namespace, 'apps', 'main-job', {
        path: './apps',
        targetNamespace: namespace,
        dependsOn: [{ name: 'infra' }],
        postBuild: { substitute: { cluster_name: 'e2e' } },
      }),
    );
    await platform.ready('kustomizations', namespace, 'apps', { status: 'False' });
    await cluster.apply(
      gitRepository(namespace, 'main-job', git.repositoryUrl('main-job')),
      kustomization(namespace, 'infra', 'main-job', { path: './infra', targetNamespace: namespace, wait: true }),
    );
    checkStatus(await platform.ready('gitrepositories', namespace, 'main-job', { commit: first }));
    const apps = await platform.ready('kustomizations', namespace, 'apps', { commit: first });
    checkStatus(apps);
    const infra = await platform.ready('kustomizations', namespace, 'infra', { commit: first });
    checkStatus(infra);
    assert.match(conditionOf(infra, 'Healthy'), /^True Succeeded: Health check passed in /);
    const settings = await platform.get('configmaps', namespace, 'app-settings');
    assert.deepEqual(settings?.data, { cluster: 'e2e', tier: 'gold' });
    assert.ok(await platform.get('configmaps', namespace, 'app-old'));
    const web = await platform.get('deployments', namespace, 'web');
    assert.equal(web?.status.observedGeneration, 1);
  });

  await t.test('alerts tell of the commit, the objects and the health', async () => {
    const stored = await alerted('GitRepository', 'main-job', /^stored artifact for commit 'First commit'$/);
    assert.equal(stored.severity, 'info');
    assert.equal(stored.reason, 'NewArtifact');
    assert.equal(stored.metadata?.['revision'], `main@sha1:${first}`);
    const applied = await alerted('Kustomization', 'apps', /ConfigMap\/[^ ]+\/app-settings created/);
    assert.equal(applied.reportingController, 'kustomize-controller');
    assert.equal(applied.metadata?.['revision'], `main@sha1:${first}`);
    await alerted('Kustomization', 'infra', /^Health check passed in /);
  });

  await t.test('a push and its webhook change the cluster at once, and prune what left Git', async () => {
    const receiver = await platform.ready('receivers', namespace, 'main-job');
    checkStatus(receiver);
    const commit = await git.push(
      'main-job',
      {
        'apps/kustomization.yaml': 'resources: [settings.yaml]\nnamePrefix: app-\n',
        'apps/old.yaml': null,
        'infra/web.yaml': deployment('web', { replicas: 2 }),
      },
      'Drop the old one',
    );
    const called = Date.now();
    assert.equal(await callWebhook(receiver.status.webhookPath ?? ''), 200);
    await waitFor(async () => (await platform.get('deployments', namespace, 'web'))?.spec?.['replicas'] === 2, {
      what: 'the second commit in the cluster',
      pollMs: 20,
    });
    t.diagnostic(`webhook to changed object: ${Date.now() - called} ms`);
    checkStatus(await platform.ready('kustomizations', namespace, 'infra', { commit }));
    checkStatus(await platform.ready('kustomizations', namespace, 'apps', { commit }));
    assert.equal(await platform.get('configmaps', namespace, 'app-old'), undefined);
    await alerted('Kustomization', 'apps', /ConfigMap\/[^ ]+\/app-old deleted/);
    await alerted('GitRepository', 'main-job', /^stored artifact for commit 'Drop the old one'$/);
  });

  await t.test('a webhook with a bad signature changes nothing', async () => {
    const receiver = await platform.ready('receivers', namespace, 'main-job');
    const source = await platform.get('gitrepositories', namespace, 'main-job');
    const url = `${platform.controllers.notification.urls.receiver}${receiver.status.webhookPath}`;
    const headers = { 'x-signature': `sha256=${'0'.repeat(64)}` };
    assert.equal((await fetch(url, { method: 'POST', headers, body: '{}' })).status, 400);
    const untouched = await platform.get('gitrepositories', namespace, 'main-job');
    assert.equal(untouched?.metadata.resourceVersion, source?.metadata.resourceVersion);
  });

  await t.test('everything that is owned is in an inventory, and the rights of config/rbac were enough', async () => {
    assert.equal(await checkOwnership(cluster, [namespace]), 2);
    for (const controller of Object.values(platform.controllers)) {
      const lines = (await controller.logs()).filter((line) => /forbidden/i.test(JSON.stringify(line)));
      assert.deepEqual(lines, [], `${controller.name}-controller`);
    }
  });

  await t.test('deleting the objects of the API deletes what they made', async () => {
    for (const name of ['apps', 'infra']) {
      await cluster.request(
        'DELETE',
        `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations/${name}`,
      );
      await platform.gone('kustomizations', namespace, name);
    }
    assert.equal(await checkOwnership(cluster, [namespace]), 0);
    const everything = 'gitrepositories,alerts,providers,receivers';
    const { code, stderr } = await cluster.kubectl(['delete', everything, '--all', '-n', namespace, '--timeout=20s']);
    assert.equal(code, 0, stderr);
  });
});
