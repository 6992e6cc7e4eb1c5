import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { sharedCluster, startController } from './index.ts';

const config = resolve(import.meta.dirname, '../../config');

test('a controller runs as its ServiceAccount, survives SIGKILL and ends in order', async () => {
  const cluster = await sharedCluster();
  for (const part of ['default/namespace.yaml', 'crd', 'rbac']) {
    const flag = part.endsWith('.yaml') ? '-f' : '-k';
    const applied = await cluster.kubectl(['apply', '--server-side', flag, `${config}/${part}`]);
    assert.equal(applied.code, 0, applied.stderr);
  }
  const kubeconfig = await cluster.serviceAccountKubeconfig('flux-system', 'notification-controller');
  await using controller = await startController('notification', { kubeconfig });
  assert.match(await controller.metrics(), /^# HELP /m);
  assert.ok((await controller.rssBytes()) > 10_000_000);
  assert.ok((await controller.cpuSeconds()) > 0);
  const line = await controller.logged((found) => found['level'] === 'info');
  assert.equal(typeof line['ts'], 'string');

  const { pid } = controller;
  controller.kill('SIGKILL');
  assert.deepEqual(await controller.waitForEnd(), { code: null, signal: 'SIGKILL' });
  await controller.restart();
  assert.notEqual(controller.pid, pid);
  assert.equal((await fetch(`${controller.urls.health}/healthz`)).status, 200);

  controller.kill('SIGTERM');
  assert.deepEqual(await controller.waitForEnd(), { code: 0, signal: null });
});

test('a controller that does not start says why', async () => {
  const cluster = await sharedCluster();
  const started = startController('notification', {
    kubeconfig: cluster.kubeconfigPath,
    args: ['--no-such-flag=1'],
  });
  await assert.rejects(started, /cannot start notification-controller: it ended with [1-9]\d*\n.*no-such-flag/s);
});
