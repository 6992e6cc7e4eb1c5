import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { startCluster } from '#cluster';
import { startController, waitFor } from '#test-kit';

const crds = resolve(import.meta.dirname, '../../config/crd');

test('a kind that the cluster does not serve holds up no other kind, and is taken up once it is there', async () => {
  await using cluster = await startCluster();
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const ready = async (kind: string): Promise<string> =>
    kubectl('get', kind, 'x', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
  const create = async (kind: string, spec: object): Promise<void> => {
    const object = {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind,
      metadata: { name: 'x', namespace: 'default' },
      spec,
    };
    const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
    assert.equal(code, 0, stderr);
  };
  await kubectl('apply', '--server-side', '-f', `${crds}/gitrepositories.source.toolkit.fluxcd.io.yaml`);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all');
  await create('GitRepository', { url: 'http://127.0.0.1:1/none', interval: '1h' });
  await using controller = await startController('source', { kubeconfig: cluster.kubeconfigPath });
  await waitFor(async () => (await ready('gitrepository')) === 'False', { timeoutMs: 20_000 });
  await controller.logged(({ msg }) =>
    String(msg).startsWith('cannot list buckets.source.toolkit.fluxcd.io: going on without it'),
  );
  await kubectl('apply', '--server-side', '-k', crds);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all');
  await create('Bucket', { bucketName: 'b', endpoint: '127.0.0.1:1', insecure: true, interval: '1h' });
  await waitFor(async () => (await ready('bucket')) === 'False', { timeoutMs: 60_000 });
});
