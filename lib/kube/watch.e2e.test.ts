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
    const held: unknown[] = [];
    const told: string[] = [];
    const cache = watchResource(client, configMaps, {
      namespace,
      onEvent: (event) => {
        const { name } = event.object.metadata;
        held.push(cache.get({ namespace, name })?.['data']);
        told.push(
          `${event.type} ${name}${event.type === 'updated' ? ` ${JSON.stringify(event.previous['data'])}` : ''}`,
        );
      },
    });
    await using _ = cache;
    await cache.whenSynced();
    assert.equal(cache.synced, true);
    await put('new', { b: '1' });
    await put('old', { a: '2' });
    await remove('new');
    await waitFor(() => told.length >= 4);
    assert.deepEqual(told, ['added old', 'added new', 'updated old {"a":"1"}', 'deleted new']);
    assert.deepEqual(held, [{ a: '1' }, { b: '1' }, { a: '2' }, undefined]);
    const object = cache.get({ namespace, name: 'old' });
    assert.equal(object?.metadata.managedFields, undefined);
    assert.deepEqual(cache.list(), [object]);
  });

  test('an object that leaves the selection is deleted, one that enters it is added', async () => {
    namespace = await cluster.namespace('watch');
    await put('a', {}, { in: 'yes' });
    await put('b');
    await using watching = await watch(client, { labelSelector: 'in=yes', metadataOnly: true });
    await put('b', { x: 'y' }, { in: 'yes' });
    await put('a', {}, { in: 'no' });
    await waitFor(() => watching.events.length >= 3);
    assert.deepEqual(watching.told(), ['added a', 'added b', 'deleted a']);
    assert.deepEqual(
      watching.cache.list().map((object) => [object.kind, object['data']]),
      [['ConfigMap', undefined]],
    );
  });

  test('a parser that refuses an object loses that object only', async () => {
    namespace = await cluster.namespace('watch');
    await put('bad');
    await put('good');
    await using watching = await watch(client, {
      parse: (object) => {
        if (object.metadata.name === 'bad') throw new TypeError('bad');
        return object;
      },
    });
    await put('late');
    await waitFor(() => watching.events.length >= 2);
    assert.deepEqual(watching.told(), ['added good', 'added late']);
    assert.match(String(watching.errors[0]), /TypeError: bad/);
  });

  test('goes on without a list when the server ends the watch in time', async () => {
    namespace = await cluster.namespace('watch');
    await put('a');
    await using watching = await watch(client, { timeoutSeconds: 1 });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await put('b');
    await waitFor(() => watching.events.length >= 2);
    assert.deepEqual(watching.told(), ['added a', 'added b']);
    assert.deepEqual(watching.errors, []);
  });

  test('connections that break lose nothing and repeat nothing', async () => {
    namespace = await cluster.namespace('watch');
    await using proxy = await startFaultProxy(cluster.url);
    await using other = await throughProxy(proxy.url);
    await using watching = await watch(other);
    for (const name of ['a', 'b', 'c']) {
      proxy.cutAll();
      await put(name);
      await waitFor(() => watching.events.length === name.charCodeAt(0) - 96);
    }
    proxy.inject({ kind: 'refuse' });
    await remove('a');
    await put('d');
    await waitFor(() => watching.errors.length >= 3);
    proxy.inject({ kind: 'none' });
    await waitFor(() => watching.events.length >= 5);
    assert.deepEqual(watching.told(), ['added a', 'added b', 'added c', 'deleted a', 'added d']);
    assert.ok(watching.errors.every((error) => error instanceof KubeConnectionError));
  });

  test('after 410 it lists again and tells the difference', async () => {
    namespace = await cluster.namespace('watch');
    for (const name of ['changed', 'deleted', 'recreated', 'same']) await put(name, { a: '1' });
    await using proxy = await startFaultProxy(cluster.url);
    await using other = await throughProxy(proxy.url);
    await using watching = await watch(other);
    const uid = watching.cache.get({ namespace, name: 'recreated' })?.metadata.uid;
    watching.events.length = 0;
    proxy.inject({ kind: 'refuse' });
    await put('changed', { a: '2' });
    await remove('deleted');
    await remove('recreated');
    await put('recreated', { a: '1' });
    await put('added');
    await cluster.restartApiServer(); // its watch cache begins now: what happened before cannot be watched any more
    await put('added', { late: 'yes' });
    proxy.inject({ kind: 'none' });
    await waitFor(() => watching.events.length >= 5 && watching.errors.some(isGone), { timeoutMs: 40_000 });
    assert.deepEqual(watching.told().toSorted(), [
      'added added',
      'added recreated',
      'deleted deleted',
      'deleted recreated',
      'updated changed',
    ]);
    assert.ok(watching.told().indexOf('deleted recreated') < watching.told().indexOf('added recreated'));
    assert.notEqual(watching.cache.get({ namespace, name: 'recreated' })?.metadata.uid, uid);
    await put('after');
    await waitFor(() => watching.told().includes('added after'));
  });

  test('an API server that is killed and comes back: nothing is lost, and calls tell what is wrong meanwhile', async () => {
    namespace = await cluster.namespace('watch');
    await put('before');
    await using watching = await watch(client);
    await cluster.killApiServer('SIGKILL');
    await assert.rejects(put('refused'), (error) => {
      assert.ok(error instanceof KubeConnectionError && error.code === 'connect');
      assert.match(error.message, /^cannot reach the API server at https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);
      return true;
    });
    await cluster.restartApiServer();
    await put('after');
    await waitFor(() => watching.told().includes('added after'), { timeoutMs: 40_000 });
    assert.deepEqual(watching.told(), ['added before', 'added after']);
  });

  test('a server that falls silent is left, and the watch goes on when it wakes up', async () => {
    namespace = await cluster.namespace('watch');
    await using watching = await watch(client, { timeoutSeconds: 2 });
    await put('first');
    await waitFor(() => watching.events.length > 0); // the watch is open
    await cluster.killApiServer('SIGSTOP');
    try {
      await waitFor(
        () => watching.errors.some((error) => error instanceof KubeConnectionError && error.code === 'timeout'),
        {
          timeoutMs: 40_000,
        },
      );
    } finally {
      await cluster.killApiServer('SIGCONT');
    }
    await put('awake');
    await waitFor(() => watching.told().includes('added awake'), { timeoutMs: 40_000 });
  });

  test('closing ends it at once, also before the first list', async () => {
    await using proxy = await startFaultProxy(cluster.url);
    await using other = await throughProxy(proxy.url);
    proxy.inject({ kind: 'hang' });
    const cache = watchResource(other, configMaps, {});
    const synced = assert.rejects(cache.whenSynced(), /the watch was closed/);
    await assert.rejects(cache.whenSynced(AbortSignal.timeout(20)), { name: 'TimeoutError' });
    const start = performance.now();
    await cache[Symbol.asyncDispose]();
    await synced;
    assert.ok(performance.now() - start < 500);
  });

  test('streams slowly to a slow reader, and ends with it', async () => {
    namespace = await cluster.namespace('watch');
    const big = 'x'.repeat(200_000);
    for (let count = 0; count < 20; count++) await put(`big-${count}`, { big });
    const names: string[] = [];
    for await (const line of client.stream(`/api/v1/namespaces/${namespace}/configmaps`, { query: { watch: '1' } })) {
      const event: { object: KubeObject } = JSON.parse(line);
      names.push(event.object.metadata.name);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (names.length === 20) break;
    }
    assert.equal(new Set(names).size, 20);
    await assert.rejects(
      async () => {
        for await (const _ of client.stream('/api/v1/namespaces/nope/nothing', { query: { watch: '1' } }));
      },
      { code: 404, message: /^the server could not find the requested resource/ },
    );
  });
});
