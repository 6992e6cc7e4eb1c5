import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatus, startController, startGitServer } from '#test-kit';
import { configMap, openStage } from './stage.ts';

test('a commit becomes objects, and a second one takes their place', async () => {
  await using stage = await openStage();
  await using git = await startGitServer();
  await git.createRepository('app', { 'deploy/a.yaml': configMap('from-git') });
  const { kubeconfigPath: kubeconfig } = stage.cluster;
  await using source = await startController('source', { kubeconfig });
  await using _kustomize = await startController('kustomize', { kubeconfig });
  await stage.cluster.apply({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'app', namespace: stage.namespace },
    spec: { interval: '1h', url: git.repositoryUrl('app'), ref: { branch: 'main' } },
  });
  await stage.kustomization('app', { sourceRef: { kind: 'GitRepository', name: 'app' }, path: './deploy' });
  checkStatus(await stage.ready('app', {}));
  const commit = await git.push(
    'app',
    { 'deploy/a.yaml': null, 'deploy/b.yaml': configMap('from-git-too') },
    'replace',
  );
  const ask = ['annotate', '-n', stage.namespace, 'gitrepository/app', 'reconcile.fluxcd.io/requestedAt=now'];
  assert.equal((await stage.cluster.kubectl(ask)).code, 0);
  checkStatus(await stage.ready('app', { revision: `main@sha1:${commit}` }));
  assert.ok(await stage.object('configmaps/from-git-too'));
  assert.equal(await stage.object('configmaps/from-git'), undefined);
  assert.equal(source.name, 'source');
});
