import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type KubeClient, openKubeClient, type Resource } from '#kube';
import { sharedCluster, startFaultProxy, type TestCluster, waitFor } from '#test-kit';
import { KubeConfig } from '@kubernetes/client-node';
import { runAsLeader } from './leader-election.ts';

const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
const events: Resource = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };

interface Candidate {
  readonly stop: AbortController;
  readonly ended: Promise<boolean>;
  readonly steps: string[];
}

describe('leader election on a real API server', () => {
  let cluster: TestCluster;
  let client: KubeClient;
  let namespace: string;

  before(async () => {
    cluster = await sharedCluster();
    client = await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath });
    namespace = await cluster.namespace('lease');
  });

  after(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  const candidate = (
    name: string,
    identity: string,
    using: KubeClient = client,
    releaseOnCancel: boolean = true,
  ): Candidate => {
    const stop = new AbortController();
    const steps: string[] = [];
    const ended = runAsLeader({
      client: using,
      namespace,
      name,
      identity,
      leaseDurationMs: 2_000,
      renewDeadlineMs: 1_500,
      retryPeriodMs: 200,
      releaseOnCancel,
      signal: stop.signal,
      log: { info: () => undefined, error: () => undefined },
      onLead: async () => void steps.push('leads'),
      beforeRelease: async () => {
        const spec = (await client.get(leases, { namespace, name }))['spec'];
        steps.push(`stops while held by ${(spec as { holderIdentity: string }).holderIdentity}`);
      },
      onStatus: (isLeader) => steps.push(isLeader ? 'leader' : 'not leader'),
    });
    return { stop, ended, steps };
  };

  const specOf = async (name: string): Promise<Record<string, unknown>> =>
    (await client.get(leases, { namespace, name }))['spec'] as Record<string, unknown>;

  test('one leads, the other takes over as soon as the first has stopped its work and let go', async () => {
    const a = candidate('handover', 'a');
    await waitFor(() => a.steps.includes('leads'));
    const b = candidate('handover', 'b');
    await new Promise((resolve) => setTimeout(resolve, 2_600)); // longer than the Lease lasts: it is renewed
    assert.deepEqual(b.steps, ['not leader']);
    const spec = await specOf('handover');
    assert.deepEqual([spec['holderIdentity'], spec['leaseDurationSeconds'], spec['leaseTransitions']], ['a', 2, 0]);
    assert.match(String(spec['renewTime']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    const stopped = performance.now();
    a.stop.abort();
    assert.equal(await a.ended, false);
    await waitFor(() => b.steps.includes('leads'));
    assert.ok(performance.now() - stopped < 1_000, 'not after the Lease has run out');
    assert.deepEqual(a.steps, ['not leader', 'leader', 'leads', 'stops while held by a', 'not leader']);
    assert.equal((await specOf('handover'))['leaseTransitions'], 1);
    const told = await client.list(events, { namespace, fieldSelector: 'involvedObject.name=handover' });
    const messages = told.items.map((event) => `${String(event['reason'])}: ${String(event['message'])}`);
    assert.deepEqual(
      new Set(messages),
      new Set(['LeaderElection: a became leader', 'LeaderElection: b became leader']),
    );
    b.stop.abort();
    assert.equal(await b.ended, false);
    assert.equal((await specOf('handover'))['holderIdentity'], '');
  });

  test('a leader that cannot reach the server gives up before another may lead', async () => {
    await using proxy = await startFaultProxy(cluster.url);
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    config.clusters = config.clusters.map((entry) => ({ ...entry, server: proxy.url }));
    await using cutOff = await openKubeClient(config);
    const a = candidate('lost', 'a', cutOff);
    await waitFor(() => a.steps.includes('leads'));
    const b = candidate('lost', 'b');
    await new Promise((resolve) => setTimeout(resolve, 300));
    proxy.inject({ kind: 'hang' });
    assert.equal(await a.ended, true);
    assert.deepEqual(a.steps, ['not leader', 'leader', 'leads', 'not leader']);
    assert.deepEqual(b.steps, ['not leader']);
    await waitFor(() => b.steps.includes('leads'));
    b.stop.abort();
    await b.ended;
  });

  test('a leader whose Lease was taken by someone else stops', async () => {
    const a = candidate('stolen', 'a');
    await waitFor(() => a.steps.includes('leads'));
    await client.patch(leases, { namespace, name: 'stolen' }, { spec: { holderIdentity: 'thief' } }, { type: 'merge' });
    assert.equal(await a.ended, true);
  });

  test('a Lease that somebody deletes is made anew', async () => {
    const a = candidate('deleted', 'a');
    await waitFor(() => a.steps.includes('leads'));
    await client.delete(leases, { namespace, name: 'deleted' });
    await waitFor(async () => (await client.find(leases, { namespace, name: 'deleted' })) !== undefined);
    a.stop.abort();
    assert.equal(await a.ended, false);
  });

  test('a Lease that is not released is waited out', async () => {
    const a = candidate('kept', 'a', client, false);
    await waitFor(() => a.steps.includes('leads'));
    a.stop.abort();
    await a.ended;
    const start = performance.now();
    const b = candidate('kept', 'b');
    await waitFor(() => b.steps.includes('leads'));
    assert.ok(performance.now() - start > 1_500);
    b.stop.abort();
    await b.ended;
  });
});
