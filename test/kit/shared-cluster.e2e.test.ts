import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCluster, sharedCluster } from './index.ts';

test('tests of one process share a cluster, each with a namespace of its own', async () => {
  const [one, two] = await Promise.all([sharedCluster(), sharedCluster()]);
  assert.equal(one, two);
  const [first, second] = [await one.namespace('a'), await two.namespace('a')];
  assert.notEqual(first, second);
  await one.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: first }, data: { a: 'b' } });
  const found = await one.get(`/api/v1/namespaces/${first}/configmaps/x`);
  assert.deepEqual(found?.['data'], { a: 'b' });
  assert.equal(await one.get(`/api/v1/namespaces/${second}/configmaps/x`), undefined);
  await assert.rejects(one.apply({ apiVersion: 'v1', kind: 'Nonsense', metadata: { name: 'x' } }), /Nonsense/);
});

test('a cluster of its own survives the loss of its API server', async () => {
  await using cluster = await ownCluster();
  const namespace = await cluster.namespace('kept');
  await cluster.killApiServer('SIGKILL');
  await cluster.restartApiServer();
  assert.ok(await cluster.get(`/api/v1/namespaces/${namespace}`));
});
