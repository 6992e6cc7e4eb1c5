import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startCluster, useExistingCluster } from './index.ts';

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (!isRunning(pid)) return true;
    await sleep(100);
  }
  return false;
}

/** A zombie has ended, though its id still answers signal 0 where no init reaps it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a bare cluster serves its administrator, and a ServiceAccount only what RBAC grants', async () => {
  await using cluster = await startCluster();
  assert.equal((await cluster.request('GET', '/version')).status, 200);
  const sa = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nobody' } };
  assert.equal((await cluster.request('POST', '/api/v1/namespaces/default/serviceaccounts', sa)).status, 201);
  const identity = await cluster.serviceAccountKubeconfig('default', 'nobody');
  const who = await cluster.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
    kubeconfig: identity,
  });
  assert.deepEqual(who, { code: 0, stdout: 'system:serviceaccount:default:nobody', stderr: '' });
  const refused = await cluster.kubectl(['get', 'secrets'], { kubeconfig: identity });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Forbidden/);
  await assert.rejects(cluster.serviceAccountKubeconfig('default', 'absent'), /serviceaccounts "absent" not found/);
});

test('an API server that was killed comes back with its data, its certificate and its tokens', async () => {
  await using cluster = await startCluster();
  const made = await cluster.kubectl(['create', 'configmap', 'kept', '--from-literal=a=b']);
  assert.equal(made.code, 0, made.stderr);
  await cluster.killApiServer('SIGKILL');
  assert.equal(cluster.pids['kube-apiserver'], undefined);
  await assert.rejects(cluster.request('GET', '/readyz'));
  await cluster.restartApiServer();
  assert.equal((await cluster.request('GET', '/api/v1/namespaces/default/configmaps/kept')).status, 200);
});

test('a data folder can be used again', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  try {
    {
      await using first = await startCluster({ dir });
      await first.kubectl(['create', 'configmap', 'kept']);
    }
    await using second = await startCluster({ dir });
    assert.equal((await second.request('GET', '/api/v1/namespaces/default/configmaps/kept')).status, 200);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('a full cluster runs Deployments and Jobs and deletes namespaces', async () => {
  await using cluster = await startCluster({ controllerManager: true, scheduler: true, kwok: true });
  await cluster.kubectl(['create', 'namespace', 'apps']);
  await cluster.kubectl(['-n', 'apps', 'create', 'deployment', 'web', '--image=example.test/web:1', '--replicas=2']);
  await cluster.kubectl(['-n', 'apps', 'create', 'job', 'once', '--image=example.test/once:1']);
  const rolled = await cluster.kubectl(['-n', 'apps', 'rollout', 'status', 'deployment/web', '--timeout=30s']);
  assert.equal(rolled.code, 0, rolled.stderr);
  const done = await cluster.kubectl(['-n', 'apps', 'wait', 'job/once', '--for=condition=complete', '--timeout=30s']);
  assert.equal(done.code, 0, done.stderr);
  const deleted = await cluster.kubectl(['delete', 'namespace', 'apps', '--timeout=30s']);
  assert.equal(deleted.code, 0, deleted.stderr);
});

test('an existing cluster is used through its kubeconfig, and survives', async () => {
  await using cluster = await startCluster();
  {
    await using existing = await useExistingCluster({ kubeconfigPath: cluster.kubeconfigPath });
    assert.equal(existing.url, cluster.url);
    assert.equal((await existing.request('GET', '/api/v1/namespaces/default')).status, 200);
    assert.match((await existing.kubectl(['get', 'namespaces'])).stdout, /kube-system/);
  }
  assert.equal((await cluster.request('GET', '/readyz')).status, 200);
});

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`nothing is left when the owner ends by ${signal}`, async () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const owner = spawn(process.execPath, [main, '--bare'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: owner.stdout }), 'line');
    const dir = dirname(String(line).replace('export KUBECONFIG=', ''));
    const pids = childrenWith(dir);
    assert.equal(pids.length, 3, 'etcd, kube-apiserver and the guard');
    owner.kill(signal);
    for (const pid of pids) assert.ok(await gone(pid), `process ${pid} still runs`);
    assert.ok(!existsSync(dir), `${dir} still exists`);
  });
}

/** Ids of processes that have `text` in their command line. */
function childrenWith(text: string): readonly number[] {
  const found: number[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)) found.push(Number(pid));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}
