import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { httpSink, sharedCluster, startFaultProxy, type TestCluster } from '#test-kit';
import { KubeConfig } from '@kubernetes/client-node';
import { openKubeClient, type SeenRequest } from './client.ts';
import type { KubeClient, Resource, RestMapper } from './contract.ts';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  KubeApiError,
  KubeConnectionError,
} from './errors.ts';
import { createRestMapper } from './rest-mapper.ts';

const configMaps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const namespaces: Resource = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
const deployments: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};

describe('client on a real API server', () => {
  let cluster: TestCluster;
  let client: KubeClient;
  let mapper: RestMapper;
  let namespace: string;
  const seen: SeenRequest[] = [];

  const configMap = (name: string, data: Record<string, string> = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data,
  });

  before(async () => {
    cluster = await sharedCluster();
    client = await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath }, { onRequest: (each) => seen.push(each) });
    mapper = createRestMapper(client);
    namespace = await cluster.namespace('kube');
  });

  after(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  test('creates, reads, patches, replaces, lists and deletes', async () => {
    const key = { namespace, name: 'crud' };
    const created = await client.create(configMaps, {
      ...configMap('crud', { a: '1' }),
      metadata: { ...key, labels: { x: 'y' } },
    });
    assert.ok(created.metadata.uid);
    await assert.rejects(client.create(configMaps, configMap('crud')), isAlreadyExists);
    assert.deepEqual((await client.get(configMaps, key))['data'], { a: '1' });
    const merged = await client.patch(
      configMaps,
      key,
      { data: { a: null, b: '2' } },
      { type: 'merge', fieldManager: 'm' },
    );
    assert.deepEqual(merged['data'], { b: '2' });
    assert.equal(merged.metadata.managedFields?.find((entry) => entry.manager === 'm')?.operation, 'Update');
    const patch = [{ op: 'add', path: '/data/c', value: '3' }];
    assert.deepEqual((await client.patch(configMaps, key, patch, { type: 'json' }))['data'], { b: '2', c: '3' });
    await assert.rejects(client.replace(configMaps, created), isConflict);
    const listed = await client.list(configMaps, { namespace, labelSelector: 'x=y' });
    assert.deepEqual(
      listed.items.map((item) => [item.apiVersion, item.kind, item.metadata.name]),
      [['v1', 'ConfigMap', 'crud']],
    );
    assert.ok(Number(listed.resourceVersion) > 0);
    const deleted = await client.delete(configMaps, key, { preconditions: { uid: created.metadata.uid } });
    assert.equal(deleted.metadata.uid, created.metadata.uid);
    await assert.rejects(client.delete(configMaps, key), isNotFound);
    assert.equal(await client.find(configMaps, key), undefined);
    assert.ok(
      seen.some((each) => each.method === 'DELETE' && each.code === '404' && each.host === new URL(cluster.url).host),
    );
  });

  test('reads metadata only, in a list too', async () => {
    await client.create(configMaps, configMap('meta', { big: 'x' }));
    const one = await client.get(configMaps, { namespace, name: 'meta' }, { metadataOnly: true });
    assert.deepEqual([one.apiVersion, one.kind, one['data']], ['v1', 'ConfigMap', undefined]);
    const { items } = await client.list(configMaps, { namespace, metadataOnly: true });
    assert.ok(items.every((item) => item.kind === 'ConfigMap' && item['data'] === undefined && item.metadata.uid));
  });

  test('lists more objects than fit into a page', async () => {
    const names = Array.from({ length: 510 }, (_, index) => `page-${String(index).padStart(3, '0')}`);
    await Promise.all(names.map((name) => client.apply(configMaps, configMap(name), { fieldManager: 'pages' })));
    const { items } = await client.list(configMaps, { namespace });
    assert.deepEqual(
      items.map((item) => item.metadata.name).filter((name) => name.startsWith('page-')),
      names,
    );
  });

  test('applies: creates, changes nothing the second time, conflicts, and takes over by force', async () => {
    const first = await client.apply(configMaps, configMap('ssa', { a: '1' }), { fieldManager: 'one' });
    const again = await client.apply(configMaps, configMap('ssa', { a: '1' }), { fieldManager: 'one' });
    assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
    const mine = configMap('ssa', { a: '2' });
    const refused = await client.apply(configMaps, mine, { fieldManager: 'two' }).catch((error: unknown) => error);
    assert.ok(isConflict(refused) && refused instanceof KubeApiError);
    assert.match(refused.message, /conflict with "one": \.data\.a/);
    assert.equal(refused.details?.causes?.[0]?.field, '.data.a');
    const dry = await client.apply(configMaps, mine, { fieldManager: 'two', force: true, dryRun: true });
    assert.deepEqual(dry['data'], { a: '2' });
    assert.deepEqual((await client.get(configMaps, { namespace, name: 'ssa' }))['data'], { a: '1' });
    const forced = await client.apply(configMaps, mine, { fieldManager: 'two', force: true });
    assert.deepEqual(forced['data'], { a: '2' });
  });

  test('writes a subresource', async () => {
    const labels = { app: 'x' };
    const spec = {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    };
    const key = { namespace, name: 'scaled' };
    await client.create(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: key, spec });
    const scale = await client.patch(
      deployments,
      key,
      { spec: { replicas: 3 } },
      { type: 'merge', subresource: 'scale' },
    );
    assert.equal(scale.kind, 'Scale');
    assert.equal((await client.get(deployments, key)).metadata.generation, 2);
  });

  test('an error reads as kubectl prints it', async () => {
    const invalid = { ...configMap('Bad_Name'), metadata: { name: 'Bad_Name', namespace } };
    for (const { call, kubectl, is } of [
      { call: () => client.get(namespaces, { name: 'nope' }), kubectl: ['get', 'namespace', 'nope'], is: isNotFound },
      {
        call: () => client.get(deployments, { namespace, name: 'nope' }),
        kubectl: ['get', 'deployment', '-n', namespace, 'nope'],
        is: isNotFound,
      },
      {
        call: () => client.request('GET', '/apis/nothing.example.com/v1/things'),
        kubectl: ['get', '--raw', '/apis/nothing.example.com/v1/things'],
        is: isNotFound,
      },
      {
        call: () => client.as({ user: 'nobody' }).get(configMaps, { namespace, name: 'a' }),
        kubectl: ['get', 'configmap', 'a', '-n', namespace, '--as=nobody'],
        is: isForbidden,
      },
    ]) {
      const error = await call().catch((thrown: unknown) => thrown);
      assert.ok(is(error) && error instanceof KubeApiError, String(error));
      const { stderr } = await cluster.kubectl(kubectl);
      assert.ok(stderr.includes(`Error from server (${error.reason}): `), stderr);
      assert.equal(
        error.message.replace(/ \(get .*\)$/, ''),
        stderr.trim().replace(/^Error from server \(\w+\): /, ''),
      );
    }
    const error = await client.create(configMaps, invalid).catch((thrown: unknown) => thrown);
    const { stderr } = await cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(invalid) });
    assert.ok(isInvalid(error) && error instanceof KubeApiError);
    assert.equal(`The ${error.message}`, stderr.trim());
  });

  test('acts as another identity with its rights only, on the same connections', async () => {
    await client.create(configMaps, configMap('readable'));
    const key = { namespace, name: 'readable' };
    const nobody = client.as({
      user: `system:serviceaccount:${namespace}:reader`,
      groups: ['testers', 'system:authenticated'],
    });
    await assert.rejects(nobody.get(configMaps, key), (error) => {
      assert.ok(isForbidden(error) && error instanceof Error);
      assert.match(
        error.message,
        new RegExp(`User "system:serviceaccount:${namespace}:reader" cannot get resource "configmaps"`),
      );
      return true;
    });
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    await cluster.apply({ apiVersion, kind: 'Role', metadata: { name: 'testers', namespace }, rules });
    await cluster.apply({
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name: 'testers', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'testers' },
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'testers' }],
    });
    await waitUntilAllowed(() => nobody.get(configMaps, key));
    await assert.rejects(nobody.delete(configMaps, key), isForbidden);
    await nobody[Symbol.asyncDispose]();
    assert.equal((await client.get(configMaps, key)).metadata.name, 'readable');
  });

  test('finds the resource of a kind whose CRD came after the first look', async () => {
    const gvk = { group: 'late.example.com', version: 'v1', kind: 'Late' };
    assert.deepEqual(await mapper.resourceFor({ group: '', version: 'v1', kind: 'ConfigMap' }), configMaps);
    await assert.rejects(mapper.resourceFor(gvk), {
      message: 'no matches for kind "Late" in version "late.example.com/v1"',
    });
    const { stderr } = await cluster.kubectl(['create', '-f', '-'], {
      input: JSON.stringify({ apiVersion: 'late.example.com/v1', kind: 'Late', metadata: { name: 'a' } }),
    });
    assert.match(stderr, /no matches for kind "Late" in version "late\.example\.com\/v1"/);
    await cluster.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'lates.late.example.com' },
      spec: {
        group: 'late.example.com',
        scope: 'Cluster',
        names: { plural: 'lates', kind: 'Late' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    });
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd/lates.late.example.com', '--timeout=20s']);
    mapper.invalidate('late.example.com');
    const before = seen.length;
    const found = await Promise.all([mapper.resourceFor(gvk), mapper.resourceFor(gvk), mapper.resourceFor(gvk)]);
    assert.deepEqual(found[2], { ...gvk, plural: 'lates', namespaced: false });
    assert.equal(seen.length - before, 1);
    await cluster.kubectl(['delete', 'crd', 'lates.late.example.com']);
  });

  test('a miss is looked up at most once a second', async () => {
    const gvk = { group: 'never.example.com', version: 'v1', kind: 'Never' };
    await assert.rejects(mapper.resourceFor(gvk));
    const before = seen.length;
    for (let count = 0; count < 20; count++) await assert.rejects(mapper.resourceFor(gvk));
    assert.equal(seen.length, before);
  });

  test('speaks to a server through a kubeconfig text, a KubeConfig and its token file', async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    for (const access of [config, { kubeconfig: config.exportConfig() }]) {
      await using other = await openKubeClient(access);
      assert.equal((await other.get(namespaces, { name: 'default' })).metadata.name, 'default');
    }
  });

  test('a token file and an exec plugin are asked again when the server refuses what they said', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-kube-'));
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    const { name = '', server = '', caData } = config.getCurrentCluster() ?? {};
    const token = config.getCurrentUser()?.token ?? '';
    const tokenFile = join(dir, 'token');
    const script = `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat ${tokenFile})"`;
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', script],
      interactiveMode: 'Never',
    };
    for (const [kind, user] of Object.entries({ tokenFile: { tokenFile }, exec: { exec } })) {
      const kubeconfigPath = join(dir, kind);
      await writeFile(
        kubeconfigPath,
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Config',
          'current-context': 'c',
          contexts: [{ name: 'c', context: { cluster: name, user: 'u' } }],
          clusters: [{ name, cluster: { server, 'certificate-authority-data': caData } }],
          users: [{ name: 'u', user }],
        }),
      );
      await writeFile(tokenFile, 'old');
      await using other = await openKubeClient({ kubeconfigPath });
      await assert.rejects(other.get(namespaces, { name: 'default' }), { code: 401 });
      await writeFile(tokenFile, `${token}\n`);
      assert.equal((await other.get(namespaces, { name: 'default' })).metadata.name, 'default', kind);
    }
    await rm(dir, { recursive: true });
  });

  test('wrong credentials are told as such', async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    config.users = config.users.map((user) => ({ name: user.name, token: 'wrong' }));
    await using other = await openKubeClient(config);
    await assert.rejects(other.get(namespaces, { name: 'default' }), { code: 401, message: 'Unauthorized' });
  });

  test('a certificate that is not trusted is told as such', async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    config.clusters = config.clusters.map(({ name, server }) => ({ name, server, skipTLSVerify: false }));
    await using other = await openKubeClient(config);
    await assert.rejects(other.get(namespaces, { name: 'default' }), (error) => {
      assert.ok(error instanceof KubeConnectionError && error.code === 'untrusted');
      assert.match(error.message, /^cannot reach the API server at https:\/\/127\.0\.0\.1:\d+: .*certificate/);
      return true;
    });
  });

  describe('through a faulty network', () => {
    const through = async (url: string, timeoutMs?: number): Promise<KubeClient> => {
      const config = new KubeConfig();
      config.loadFromFile(cluster.kubeconfigPath);
      config.clusters = config.clusters.map((entry) => ({ ...entry, server: url }));
      return openKubeClient(config, { timeoutMs });
    };

    test('a port where nobody listens', async () => {
      await using other = await through('https://127.0.0.1:1');
      await assert.rejects(other.create(configMaps, configMap('x')), {
        name: 'KubeConnectionError',
        code: 'connect',
        message: 'cannot reach the API server at https://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
      });
    });

    test('a server that hangs: the call ends in time, the abort at once', async () => {
      await using proxy = await startFaultProxy(cluster.url);
      await using other = await through(proxy.url, 300);
      await other.get(namespaces, { name: 'default' });
      proxy.inject({ kind: 'hang' });
      await assert.rejects(other.get(namespaces, { name: 'default' }), (error) => {
        assert.ok(error instanceof KubeConnectionError && error.code === 'timeout');
        assert.match(error.message, /did not answer GET \/api\/v1\/namespaces\/default within 300 ms$/);
        return true;
      });
      const abort = new AbortController();
      const reason = new Error('enough');
      const started = performance.now();
      setTimeout(() => abort.abort(reason), 30);
      await assert.rejects(
        other.get(namespaces, { name: 'default' }, { signal: abort.signal, timeoutMs: 20_000 }),
        reason,
      );
      assert.ok(performance.now() - started < 1_000);
    });

    test('idle connections that broke are no error, for an apply neither', async () => {
      await using proxy = await startFaultProxy(cluster.url);
      await using other = await through(proxy.url);
      for (let count = 0; count < 5; count++) {
        await Promise.all([
          other.get(namespaces, { name: 'default' }),
          other.apply(configMaps, configMap('cut', { count: String(count) }), { fieldManager: 'cut' }),
        ]);
        proxy.cutAll();
      }
      assert.deepEqual((await client.get(configMaps, { namespace, name: 'cut' }))['data'], { count: '4' });
    });

    test('answers that break off in the middle are read again', async () => {
      await using proxy = await startFaultProxy(cluster.url);
      await using other = await through(proxy.url);
      proxy.inject({ kind: 'cut', afterBytes: 4_000 }); // inside the answer, behind the TLS handshake
      setTimeout(() => proxy.inject({ kind: 'none' }), 150);
      const { items } = await other.list(configMaps, { namespace: 'kube-system', timeoutMs: 5_000 });
      assert.ok(items.length > 0);
    });
  });

  test('obeys Retry-After, and gives up with the server’s words', async () => {
    await using sink = await httpSink();
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'sink', server: sink.url, skipTLSVerify: false },
      { name: 'user', token: 't' },
    );
    await using other = await openKubeClient(config, { retry: { retries: 2, baseMs: 1, maxMs: 2 } });
    const busy = '{"kind":"Status","message":"too many","reason":"TooManyRequests","code":429}';
    sink.answer((_, count) =>
      count < 3
        ? { status: 429, headers: { 'retry-after': '0', 'content-type': 'application/json' }, body: busy }
        : { status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' },
    );
    assert.deepEqual(await other.request('POST', '/apis/x', { body: { a: 1 } }), { ok: true });
    assert.deepEqual(
      sink.requests.map((each) => [each.body, each.headers['content-type'], each.headers['authorization']]),
      Array.from({ length: 3 }, () => ['{"a":1}', 'application/json', 'Bearer t']),
    );
    sink.answer(() => ({ status: 429, headers: { 'content-type': 'application/json' }, body: busy }));
    await assert.rejects(other.request('POST', '/apis/x'), { code: 429, message: 'too many' });
    assert.equal(sink.requests.length, 6);
  });

  test('a create whose answer was lost is not sent again, an apply is', async () => {
    await using sink = await httpSink();
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'sink', server: sink.url, skipTLSVerify: false }, { name: 'user' });
    await using other = await openKubeClient(config, { retry: { retries: 2, baseMs: 1, maxMs: 2 } });
    sink.answer(() => 'reset');
    await assert.rejects(other.create(configMaps, configMap('x')), (error) => {
      assert.ok(error instanceof KubeConnectionError && error.code === 'lost');
      assert.match(error.message, /^lost the connection to the API server at http:/);
      return true;
    });
    assert.equal(sink.requests.length, 1);
    await assert.rejects(other.apply(configMaps, configMap('x'), { fieldManager: 'x' }), { code: 'lost' });
    assert.equal(sink.requests.length, 4);
  });

  test('throttles as told until the server shows that it does so itself', async () => {
    await using slow = await openKubeClient(
      { kubeconfigPath: cluster.kubeconfigPath },
      { rateLimit: { qps: 0.001, burst: 1 } },
    );
    await slow.get(namespaces, { name: 'default' }); // its answer names a flow schema
    await slow.get(namespaces, { name: 'default' }, { timeoutMs: 2_000 });
  });
});

/** RBAC reaches the authorizer a moment after it is written. */
async function waitUntilAllowed(call: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await call();
      return;
    } catch (error) {
      if (!isForbidden(error) || attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
