import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import { checkStatus, waitFor } from '#test-kit';
import { alert, provider, secret, startSystem } from './system.ts';

const system = await startSystem();
const { cluster, controller } = system;
after(() => system[Symbol.asyncDispose]());

const token = 's3cr3t-token';
const requestedAt = 'reconcile.fluxcd.io/requestedAt';

interface ReceiverObject {
  readonly metadata: { readonly generation: number; readonly finalizers?: readonly string[] };
  readonly status: {
    readonly webhookPath?: string;
    readonly observedGeneration: number;
    readonly conditions: readonly { type: string; status: string; reason: string; message: string }[];
  };
}

function receiver(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: 'notification.toolkit.fluxcd.io/v1',
    kind: 'Receiver',
    metadata: { name, namespace },
    spec: {
      type: 'generic',
      secretRef: { name: 'token' },
      resources: [{ kind: 'GitRepository', name: 'repo' }],
      ...spec,
    },
  };
}

function repository(namespace: string, name: string, fields: { labels?: object; suspend?: boolean } = {}): object {
  const { labels = {}, suspend = false } = fields;
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace, labels },
    spec: { interval: '1h', url: 'https://example.com/x', suspend },
  };
}

/** Waits until the Receiver has a condition, and checks its whole status. */
async function settled(namespace: string, name: string, type: string, reason: string): Promise<ReceiverObject> {
  const path = `/apis/notification.toolkit.fluxcd.io/v1/namespaces/${namespace}/receivers/${name}`;
  const found = await waitFor(
    async () => {
      const object = await cluster.get(path);
      const conditions = (object as unknown as ReceiverObject | undefined)?.status.conditions ?? [];
      return conditions.some((condition) => condition.type === type && condition.reason === reason) && object;
    },
    { what: `${type}/${reason} of receiver ${name}` },
  );
  checkStatus(found);
  return found as unknown as ReceiverObject; // the API server holds it to the schema
}

async function requestOf(namespace: string, name = 'repo'): Promise<string | undefined> {
  const object = await cluster.get(`/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories/${name}`);
  const metadata = object?.['metadata'] as { annotations?: Record<string, string> } | undefined;
  return metadata?.annotations?.[requestedAt];
}

/** Calls until the server's watch has seen what the test has seen. */
async function answerOf(path: string, init: RequestInit | undefined, status: number): Promise<void> {
  let last = 0;
  await waitFor(
    async () => {
      last = (await system.call(path, init)).status;
      return last === status;
    },
    { what: `the answer ${status}`, timeoutMs: 5000 },
  ).catch((error: unknown) => assert.equal(last, status, String(error)));
}

const body = '{"ref":"main"}';
const sign = (algorithm: string): string => `${algorithm}=${createHmac(algorithm, token).update(body).digest('hex')}`;
const json = { 'Content-Type': 'application/json' };

for (const c of [
  { type: 'generic', events: undefined, good: {}, bad: undefined },
  {
    type: 'generic-hmac',
    events: undefined,
    good: { 'X-Signature': sign('sha512') },
    bad: { 'X-Signature': 'sha256=00' },
  },
  {
    type: 'github',
    events: ['push'],
    good: { ...json, 'X-Hub-Signature-256': sign('sha256'), 'X-GitHub-Event': 'Push' },
    bad: { ...json, 'X-Hub-Signature-256': sign('sha256'), 'X-GitHub-Event': 'ping' },
  },
  {
    type: 'gitlab',
    events: ['Push Hook'],
    good: { 'X-Gitlab-Token': token, 'X-Gitlab-Event': 'Push Hook' },
    bad: { 'X-Gitlab-Token': 'wrong', 'X-Gitlab-Event': 'Push Hook' },
  },
]) {
  test(`a ${c.type} webhook makes its resources reconcile, a wrong one does not`, async () => {
    const namespace = await cluster.namespace('receiver');
    await cluster.apply(
      secret(namespace, 'token', { token }),
      repository(namespace, 'repo'),
      receiver(namespace, 'r', { type: c.type, ...(c.events === undefined ? {} : { events: c.events }) }),
    );
    const { status, metadata } = await settled(namespace, 'r', 'Ready', 'Succeeded');
    const path = `/hook/${createHash('sha256').update(`${token}r${namespace}`).digest('hex')}`;
    assert.equal(status.webhookPath, path);
    assert.equal(status.conditions[0]?.message, `Receiver initialized for path: ${path}`);
    assert.deepEqual(metadata.finalizers, ['finalizers.fluxcd.io']);
    await answerOf(path, { method: 'POST', headers: c.good, body }, 200);
    const first = await requestOf(namespace);
    assert.ok(first);
    if (c.bad !== undefined) {
      const refused = await system.call(path, { method: 'POST', headers: c.bad, body });
      assert.equal(refused.status, 400);
      assert.equal(await refused.text(), '');
      assert.equal(await requestOf(namespace), first);
    }
    await answerOf(path, { method: 'POST', headers: c.good, body }, 200);
    assert.notEqual(await requestOf(namespace), first);
  });
}

test('a call is answered by path, readiness and resources', async () => {
  const namespace = await cluster.namespace('answers');
  const resources = (...list: object[]): object => ({ resources: list });
  await cluster.apply(
    secret(namespace, 'token', { token }),
    repository(namespace, 'repo'),
    repository(namespace, 'asleep', { suspend: true, labels: { team: 'a' } }),
    repository(namespace, 'labelled', { labels: { team: 'a' } }),
    receiver(namespace, 'asleep', { suspend: true }),
    receiver(
      namespace,
      'missing',
      resources({ kind: 'GitRepository', name: 'no' }, { kind: 'GitRepository', name: 'repo' }),
    ),
    receiver(namespace, 'unversioned', resources({ kind: 'Kustomization', name: 'x' })),
    receiver(namespace, 'all', resources({ kind: 'GitRepository', name: '*', matchLabels: { team: 'a' } })),
    receiver(namespace, 'none', resources({ kind: 'GitRepository', name: '*', matchLabels: { team: 'b' } })),
    receiver(namespace, 'wild', resources({ kind: 'GitRepository', name: '*' })),
  );
  const pathOf = async (name: string): Promise<string> =>
    (await settled(namespace, name, 'Ready', 'Succeeded')).status.webhookPath ?? '';
  const missing = await pathOf('missing');
  for (const c of [
    { path: missing, init: { method: 'POST' }, status: 500 },
    { path: await pathOf('unversioned'), init: { method: 'POST' }, status: 500 },
    { path: await pathOf('wild'), init: { method: 'POST' }, status: 500 },
    { path: await pathOf('none'), init: { method: 'POST' }, status: 200 },
    { path: await pathOf('all'), init: { method: 'GET' }, status: 200 },
    { path: `${missing}?x=1`, init: { method: 'POST' }, status: 404 },
    { path: '/hook/unknown', init: { method: 'POST' }, status: 404 },
    { path: '/hook/unknown', init: { method: 'POST', body: 'x'.repeat(3 * 1024 * 1024 + 1) }, status: 413 },
  ]) {
    await answerOf(c.path, c.init, c.status);
  }
  const outside = await system.call('/elsewhere');
  assert.deepEqual([outside.status, await outside.text()], [404, '404 page not found\n']);
  assert.ok(await requestOf(namespace), 'the resource beside the missing one');
  assert.ok(await requestOf(namespace, 'labelled'));
  assert.ok(await requestOf(namespace, 'asleep'), 'suspended resources are asked too');
});

test('a Receiver that is suspended answers 503, and works on after', async () => {
  const namespace = await cluster.namespace('suspended');
  await cluster.apply(
    secret(namespace, 'token', { token }),
    repository(namespace, 'repo'),
    receiver(namespace, 'r', {}),
  );
  const { status } = await settled(namespace, 'r', 'Ready', 'Succeeded');
  const suspend = (value: boolean): Promise<{ readonly code: number }> =>
    cluster.kubectl(['patch', 'receiver', 'r', '-n', namespace, '--type=merge', '-p', `{"spec":{"suspend":${value}}}`]);
  assert.equal((await suspend(true)).code, 0);
  await answerOf(status.webhookPath ?? '', { method: 'POST' }, 503);
  assert.equal((await suspend(false)).code, 0);
  await answerOf(status.webhookPath ?? '', { method: 'POST' }, 200);
});

test('a token that is missing, comes, changes and goes is followed at once', async () => {
  const namespace = await cluster.namespace('rotation');
  await cluster.apply(repository(namespace, 'repo'), receiver(namespace, 'r', {}));
  const without = await settled(namespace, 'r', 'Ready', 'TokenNotFound');
  const message = `unable to read token from secret '${namespace}/token' error: secrets "token" not found`;
  assert.deepEqual(
    without.status.conditions.map(({ type, status, reason }) => [type, status, reason]),
    [
      ['Reconciling', 'True', 'ProgressingWithRetry'],
      ['Ready', 'False', 'TokenNotFound'],
    ],
  );
  assert.equal(without.status.conditions[1]?.message, message);
  assert.equal(without.status.observedGeneration, -1);
  assert.equal(without.status.webhookPath, undefined);
  assert.equal((await system.warned(namespace, 'r', /unable to read token/)).reason, 'Failed');
  await cluster.apply(secret(namespace, 'token', { other: 'x' }));
  await waitFor(
    async () =>
      (await settled(namespace, 'r', 'Ready', 'TokenNotFound')).status.conditions.some(({ message: text }) =>
        text.includes(`invalid '${namespace}/token' secret data: required field 'token'`),
      ),
    { what: 'the missing key' },
  );
  await cluster.apply(secret(namespace, 'token', { token: 'first' }));
  const { webhookPath: first } = (await settled(namespace, 'r', 'Ready', 'Succeeded')).status;
  await answerOf(first ?? '', { method: 'POST' }, 200);
  await cluster.apply(secret(namespace, 'token', { token: 'second' }));
  await answerOf(first ?? '', { method: 'POST' }, 404);
  const { webhookPath: second } = (await settled(namespace, 'r', 'Ready', 'Succeeded')).status;
  assert.notEqual(second, first);
  await answerOf(second ?? '', { method: 'POST' }, 200);
  await cluster.kubectl(['delete', 'secret', 'token', '-n', namespace]);
  await settled(namespace, 'r', 'Ready', 'TokenNotFound');
  await answerOf(second ?? '', { method: 'POST' }, 404);
});

test('a rule for tokens that is no CEL stalls a Receiver', async () => {
  const namespace = await cluster.namespace('rules');
  const issuer = { issuerURL: 'https://issuer.example', validations: [{ expression: 'nobody.x', message: 'no' }] };
  await cluster.apply({
    ...receiver(namespace, 'bad', {}),
    spec: { type: 'generic-oidc', oidcProviders: [issuer], resources: [{ kind: 'GitRepository', name: 'repo' }] },
  });
  const { status, metadata } = await settled(namespace, 'bad', 'Stalled', 'InvalidCELExpression');
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  assert.match(ready?.message ?? '', /^Reconciliation failed terminally due to configuration error: .*nobody/s);
  assert.equal(status.observedGeneration, metadata.generation);
  assert.equal(status.webhookPath, undefined);
});

test('a Receiver can be asked to run, restarted and deleted', async () => {
  const namespace = await cluster.namespace('life');
  await cluster.apply(
    secret(namespace, 'token', { token }),
    repository(namespace, 'repo'),
    receiver(namespace, 'r', {}),
  );
  const { webhookPath = '' } = (await settled(namespace, 'r', 'Ready', 'Succeeded')).status;
  await cluster.kubectl(['annotate', 'receiver', 'r', '-n', namespace, `${requestedAt}=now`]);
  await waitFor(
    async () => {
      const output = 'jsonpath={.status.lastHandledReconcileAt}';
      const { stdout } = await cluster.kubectl(['get', 'receiver', 'r', '-n', namespace, '-o', output]);
      return stdout === 'now';
    },
    { what: 'the request to be handled' },
  );
  await settled(namespace, 'r', 'Ready', 'Succeeded');
  await controller.restart();
  await answerOf(webhookPath, { method: 'POST' }, 200);
  const { code } = await cluster.kubectl(['delete', 'receiver', 'r', '-n', namespace, '--timeout=10s']);
  assert.equal(code, 0);
  await answerOf(webhookPath, { method: 'POST' }, 404);
});

test('with --no-cross-namespace-refs neither Receivers nor Alerts reach other namespaces', async () => {
  await using strict = await startSystem(['--no-cross-namespace-refs']);
  const [home, away] = [await cluster.namespace('home'), await cluster.namespace('away')];
  await cluster.apply(
    secret(home, 'token', { token }),
    repository(home, 'repo'),
    repository(away, 'repo'),
    receiver(home, 'r', {
      resources: [
        { kind: 'GitRepository', name: 'repo', namespace: away },
        { kind: 'GitRepository', name: 'repo' },
      ],
    }),
    provider(home, 'a', { type: 'generic', address: 'http://127.0.0.1:1' }),
    alert(home, 'a', { eventSources: [{ kind: 'Kustomization', name: '*', namespace: away }] }),
  );
  const { webhookPath = '' } = (await settled(home, 'r', 'Ready', 'Succeeded')).status;
  await waitFor(async () => (await strict.call(webhookPath)).status === 500, { what: 'the refusal' });
  assert.equal(await requestOf(away), undefined);
  assert.ok(await requestOf(home));
  await waitFor(
    async () => {
      await strict.post({
        involvedObject: { kind: 'Kustomization', namespace: away, name: 'web' },
        message: `${Math.random()}`,
      });
      return (await strict.warnings(home, 'a')).length > 0;
    },
    { what: 'the warning on the alert', pollMs: 200 },
  );
  await strict.warned(home, 'a', /cross-namespace references have been blocked$/);
});

test('no secret is in the log', async () => {
  assert.doesNotMatch(JSON.stringify(await controller.logs()), /s3cr3t/);
});
