import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '#crds';
import { ownCluster, startFaultProxy, waitFor } from '#test-kit';
import { KubeConfig } from '@kubernetes/client-node';
import { openKubeClient } from './client.ts';
import type { CacheEvent, KubeClient, Resource, WatchCache, WatchOptions } from './contract.ts';
import { isGone, KubeConnectionError } from './errors.ts';
import { watchResource } from './watch.ts';

const configMaps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };

interface Watching extends AsyncDisposable {
  readonly cache: WatchCache<KubeObject>;
  readonly events: CacheEvent<KubeObject>[];
  readonly errors: unknown[];
  /** Events as `type name`, in order. */
  told(): string[];
}

describe('watch on a real API server', () => {
  let cluster: Awaited<ReturnType<typeof ownCluster>>;
  let client: KubeClient;
  let namespace: string;

  before(async () => {
    cluster = await ownCluster();
    client = await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath });
  });

  after(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.stop();
  });

  const put = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
    client.apply(
      configMaps,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data },
      { fieldManager: 'test', force: true },
    );
  const remove = (name: string) => client.delete(configMaps, { namespace, name });

  const watch = async (from: KubeClient, options: WatchOptions<KubeObject> = {}): Promise<Watching> => {
    const events: CacheEvent<KubeObject>[] = [];
    const errors: unknown[] = [];
    const cache = watchResource(from, configMaps, {
      namespace,
      onEvent: (event) => events.push(event),
      onError: (error) => errors.push(error),
      ...options,
    });
    await cache.whenSynced(AbortSignal.timeout(20_000));
    return {
      cache,
      events,
      errors,
      told: () => events.map((event) => `${event.type} ${event.object.metadata.name}`),
      [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
    };
  };

  const throughProxy = async (url: string): Promise<KubeClient> => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    config.clusters = config.clusters.map((entry) => ({ ...entry, server: url }));
    return openKubeClient(config);
  };

  test('tells what is there and what changes, with the cache ahead of the event', async () => {
    namespace = await cluster.namespace('watch');
    await put('old', { a: '1' });
    const held: (KubeObject | undefined)[] = [];
    await using watching = await watch(client, {
      onEvent: (event) => {
        const { name } = event.object.metadata;
        held.push(watching?.cache.get({ namespace, name }));
        told.push(
          `${event.type} ${name} ${event.type === 'updated' ? JSON.stringify(event.previous['data']) : ''}`.trim(),
        );
      },
    }).finally(() => {});
    const told: string[] = [];
    assert.equal(watching.cache.synced, true);
    await put('new');
    await put('old', { a: '2' });
    await remove('new');
    await waitFor(() => told.length >= 3);
    assert.deepEqual(told, ['added new', 'updated old {"a":"1"}', 'deleted new']);
    assert.deepEqual(held[1]?.['data'], { a: '2' });
    assert.equal(held[2], undefined);
    const object = watching.cache.get({ namespace, name: 'old' });
    assert.equal(object?.metadata.managedFields, undefined);
    assert.deepEqual(watching.cache.list(), [object]);
  });
});
