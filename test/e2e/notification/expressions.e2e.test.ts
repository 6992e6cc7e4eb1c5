import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkStatus, httpSink, waitFor } from '#test-kit';
import { alert, kustomizationEvent, kustomizeGroup, provider, secret, startSystem, untilDelivered } from './system.ts';

const system = await startSystem();
const { cluster } = system;
after(() => system[Symbol.asyncDispose]());

const requestedAt = 'reconcile.fluxcd.io/requestedAt';
const json = { 'Content-Type': 'application/json' };

interface ReceiverStatus {
  readonly webhookPath?: string;
  readonly observedGeneration: number;
  readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
}

function receiver(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: 'notification.toolkit.fluxcd.io/v1',
    kind: 'Receiver',
    metadata: { name, namespace },
    spec: { type: 'generic', secretRef: { name: 'token' }, ...spec },
  };
}

function repository(namespace: string, name: string, labels: object = {}): object {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace, labels },
    spec: { interval: '1h', url: 'https://example.com/x' },
  };
}

async function settled(namespace: string, name: string, reason: string): Promise<ReceiverStatus> {
  const path = `/apis/notification.toolkit.fluxcd.io/v1/namespaces/${namespace}/receivers/${name}`;
  const object = await waitFor(
    async () => {
      const found = await cluster.get(path);
      const status = found?.['status'] as ReceiverStatus | undefined; // the API server holds it to the schema
      return status?.conditions?.some((condition) => condition.reason === reason) === true && found;
    },
    { what: `${reason} of receiver ${name}` },
  );
  checkStatus(object);
  return object['status'] as ReceiverStatus;
}

async function isAsked(namespace: string, name: string): Promise<boolean> {
  const object = await cluster.get(`/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories/${name}`);
  const metadata = object?.['metadata'] as { annotations?: Record<string, string> } | undefined;
  return metadata?.annotations?.[requestedAt] !== undefined;
}

test('filters choose among the resources of a Receiver by their metadata and the body of the call', async () => {
  const namespace = await cluster.namespace('filters');
  await cluster.apply(
    secret(namespace, 'token', { token: 't' }),
    repository(namespace, 'web', { env: 'prod' }),
    repository(namespace, 'api', { env: 'prod' }),
    repository(namespace, 'old', { env: 'test' }),
    repository(namespace, 'named'),
    receiver(namespace, 'r', {
      resourceFilter: "req.ref.startsWith('refs/heads/') && req.number < 10",
      resources: [
        {
          kind: 'GitRepository',
          name: '*',
          matchLabels: { env: 'prod' },
          filter: "res.metadata.name == req.repository.name && res.apiVersion == 'source.toolkit.fluxcd.io/v1'",
        },
        { kind: 'GitRepository', name: 'old' },
        { kind: 'GitRepository', name: 'named', filter: "has(res.metadata.labels) && 'env' in res.metadata.labels" },
      ],
    }),
  );
  const { webhookPath = '' } = await settled(namespace, 'r', 'Succeeded');
  const call = async (body: object | string, headers: Record<string, string> = json): Promise<number> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return (await system.call(webhookPath, { method: 'POST', headers, body: text })).status;
  };
  await waitFor(async () => (await call({ ref: 'refs/tags/x', number: 1, repository: { name: 'web' } })) === 200, {
    what: 'the path to be known',
  });
  assert.deepEqual(await Promise.all(['web', 'api', 'old'].map((name) => isAsked(namespace, name))), [
    false,
    false,
    false,
  ]);
  assert.equal(await call({ ref: 'refs/heads/main', number: 1, repository: { name: 'web' } }), 200);
  const asked = await Promise.all(['web', 'api', 'old', 'named'].map((name) => isAsked(namespace, name)));
  assert.deepEqual(asked, [true, false, true, false]);
  assert.equal(await call('{"ref":'), 500, 'a body that is no JSON');
  assert.equal(await call({ number: 1 }), 500, 'a field that the body lacks');
  assert.equal(await call({ ref: 'refs/heads/main' }, {}), 500, 'without its type the body is not read');
});

test('filters that cannot work stall the Receiver, which gets no path', async () => {
  const namespace = await cluster.namespace('bad-filters');
  const resources = [{ kind: 'GitRepository', name: 'x' }];
  const prefix = 'Reconciliation failed terminally due to configuration error: ';
  await cluster.apply(
    secret(namespace, 'token', { token: 't' }),
    receiver(namespace, 'syntax', { resources, resourceFilter: 'req.' }),
    receiver(namespace, 'type', { resources: [{ ...resources[0], filter: 'req.ok' }] }),
  );
  for (const [name, want] of [
    ['syntax', "failed to parse the CEL expression 'req.': ERROR: <input>:1:5: Syntax error"],
    ['type', 'CEL expression output type mismatch: expected bool, got dyn'],
  ] as const) {
    const { conditions = [], webhookPath, observedGeneration } = await settled(namespace, name, 'InvalidCELExpression');
    for (const type of ['Ready', 'Stalled']) {
      const message = conditions.find((condition) => condition.type === type)?.message ?? '';
      assert.ok(message.startsWith(prefix + want), message);
    }
    assert.equal(webhookPath, undefined);
    assert.equal(observedGeneration, 1);
    await system.warned(namespace, name, /configuration error/);
  }
});

const commit = 'a'.repeat(40);

test('commitStatusExpr names the commit status', async () => {
  await using host = await httpSink();
  host.answer(({ method }) => (method === 'GET' ? { status: 200, body: '[]' } : { status: 201, body: '{}' }));
  const namespace = await cluster.namespace('status-expr');
  const git = (commitStatusExpr: string): object => ({
    type: 'github',
    address: `${host.url}/owner/repo`,
    secretRef: { name: 'a' },
    commitStatusExpr,
  });
  await cluster.apply(
    secret(namespace, 'a', { token: 'tok' }),
    provider(
      namespace,
      'a',
      git(
        "(event.involvedObject.kind + '/' + event.metadata.env + '/' + provider.metadata.name + '/' + alert.metadata.name).lowerAscii()",
      ),
    ),
    alert(namespace, 'a', { eventMetadata: { env: 'Prod' } }),
    provider(namespace, 'bad', git('event.reason')),
    alert(namespace, 'bad', {}),
    provider(namespace, 'probe', { type: 'generic', address: `${host.url}/probe` }),
    alert(namespace, 'probe', {}),
  );
  await untilDelivered(system, namespace, () => host.requests.some(({ path }) => path === '/probe'));
  await system.post(
    kustomizationEvent(namespace, {
      severity: 'info',
      reason: 'ReconciliationSucceeded',
      metadata: {
        [`${kustomizeGroup}/revision`]: `main@sha1:${commit}`,
        [`${kustomizeGroup}/commit_status`]: 'update',
      },
    }),
  );
  const [status] = await host.received(1, { where: ({ path }) => path.endsWith(`/statuses/${commit}`) });
  assert.equal(JSON.parse(status?.body ?? '').context, 'kustomization/prod/a/a');
  await system.warned(namespace, 'bad', /CEL expression output type mismatch: expected string, got dyn/);
});
