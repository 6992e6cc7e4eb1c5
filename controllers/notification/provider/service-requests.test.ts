import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import type { Event } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import { type DeliverySettings, ProviderConfigError } from './notifier.ts';
import { error, info, requestsOf } from './record-requests.ts';

const dsn = 'https://public@sentry.example/base/42';

for (const c of [
  { name: 'an error is an event', event: error, type: 'event' },
  { name: 'a success is a transaction', event: info, type: 'transaction' },
]) {
  test(`sentry: ${c.name}`, async () => {
    const [request] = await requestsOf('sentry', { address: dsn, channel: 'staging' }, c.event);
    assert.ok(request);
    assert.equal(request.url, 'https://sentry.example/base/api/42/envelope/');
    assert.equal(request.headers['Content-Type'], 'application/x-sentry-envelope');
    assert.match(request.headers['X-Sentry-Auth'] ?? '', /^Sentry sentry_version=7, .*sentry_key=public$/);
    const [head = '', item = '', payload = ''] = request.body.split('\n');
    const parsed = JSON.parse(payload);
    assert.deepEqual(JSON.parse(item), { type: c.type, length: Buffer.byteLength(payload) });
    assert.equal(JSON.parse(head).event_id, parsed.event_id);
    assert.match(parsed.event_id, /^[0-9a-f]{32}$/);
    assert.equal(parsed.environment, 'staging');
    assert.equal(parsed.timestamp, 1795228051);
    if (c.type === 'event') {
      assert.equal(parsed.level, 'error');
      assert.deepEqual(parsed.extra, info.metadata);
      assert.equal(parsed.message, 'HealthCheckFailed: kustomization/web.apps\nno');
    } else {
      assert.equal(parsed.type, 'transaction');
      assert.equal(parsed.transaction, 'ReconciliationSucceeded: kustomization/web.apps');
      assert.equal(parsed.tags.env, 'prod');
      assert.match(parsed.contexts.trace.trace_id, /^[0-9a-f]{32}$/);
      assert.match(parsed.contexts.trace.span_id, /^[0-9a-f]{16}$/);
    }
  });
}

const source: Event = { ...info, involvedObject: { ...info.involvedObject, kind: 'GitRepository' } };

async function spanOf(event: Event, settings: Partial<DeliverySettings> = {}): Promise<Record<string, unknown>> {
  const [request] = await requestsOf('otel', { address: 'https://otel.example', ...settings }, event);
  assert.equal(request?.url, 'https://otel.example/v1/traces');
  const [{ resource, scopeSpans }] = JSON.parse(request.body).resourceSpans;
  assert.deepEqual(resource.attributes, [
    { key: 'service.name', value: { stringValue: 'all' } },
    { key: 'service.namespace', value: { stringValue: 'apps' } },
  ]);
  return scopeSpans[0].spans[0];
}

test('otel: what is made of a revision follows in the trace that its source began', async () => {
  const [root, child, failed] = [await spanOf(source), await spanOf(info), await spanOf(error)];
  const wanted = createHash('sha256').update('a-1:main@sha1:abc').digest('hex').slice(0, 32);
  assert.deepEqual([root['traceId'], child['traceId'], failed['traceId']], [wanted, wanted, wanted]);
  assert.equal(root['parentSpanId'], undefined);
  assert.equal(child['parentSpanId'], root['spanId']);
  assert.notEqual(child['spanId'], failed['spanId']);
  assert.equal(root['startTimeUnixNano'], '1795228051000000000');
  assert.deepEqual([child['status'], failed['status']], [{ code: 1 }, { code: 2, message: 'no' }]);
  assert.match(JSON.stringify(child['attributes']), /"key":"env","value":\{"stringValue":"prod"\}/);
  const elsewhere = await spanOf(info, { alert: { namespace: 'apps', name: 'all', uid: 'a-2' } });
  assert.notEqual(elsewhere['traceId'], wanted);
});

test('otel: a path is kept, headers win over credentials, a HelmRepository is no part of a trace', async () => {
  const settings = { address: 'https://otel.example/custom', token: 't' };
  const [plain] = await requestsOf('otel', settings, info);
  assert.equal(plain?.url, 'https://otel.example/custom');
  assert.equal(plain.headers['Authorization'], 'Bearer t');
  const [custom] = await requestsOf('otel', { ...settings, headers: { Authorization: 'Api x' } }, info);
  assert.equal(custom?.headers['Authorization'], 'Api x');
  const helm = { ...info, involvedObject: { ...info.involvedObject, kind: 'HelmRepository' } };
  assert.deepEqual(await requestsOf('otel', settings, helm), []);
});

test('azureeventhub: a shared access key signs the hub', async () => {
  const address =
    'Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root Key;SharedAccessKey=a+b/c==;EntityPath=Hub';
  const [request] = await requestsOf('azureeventhub', { address }, info);
  assert.equal(request?.url, 'https://ns.servicebus.windows.net/Hub/messages');
  assert.equal(request.body, encodeEvent(info));
  const fields = new URLSearchParams((request.headers['Authorization'] ?? '').replace('SharedAccessSignature ', ''));
  assert.equal(fields.get('sr'), 'https://ns.servicebus.windows.net/hub');
  assert.equal(fields.get('skn'), 'Root Key');
  const expiry = Number(fields.get('se'));
  assert.ok(expiry > Date.now() / 1000 && expiry < Date.now() / 1000 + 3600);
  const text = `${encodeURIComponent('https://ns.servicebus.windows.net/hub')}\n${expiry}`;
  assert.equal(fields.get('sig'), createHmac('sha256', 'a+b/c==').update(text).digest('base64'));
});

test('azureeventhub: a token of the Secret', async () => {
  const [request] = await requestsOf('azureeventhub', { address: 'hub', channel: 'ns', token: 'jwt' }, info);
  assert.equal(request?.url, 'https://ns.servicebus.windows.net/hub/messages');
  assert.equal(request.headers['Authorization'], 'Bearer jwt');
});

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const account = {
  type: 'service_account',
  client_email: 'flux@p.iam.gserviceaccount.com',
  private_key_id: 'k1',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  token_uri: 'https://oauth2.example/token',
};

test('googlepubsub: a key is exchanged for a token, headers are attributes', async () => {
  const token = JSON.stringify(account);
  const settings = { address: 'project', channel: 'topic', token, headers: { team: 'a' } };
  const requests = await requestsOf('googlepubsub', settings, info, ({ url }) =>
    url === account.token_uri ? '{"access_token":"ya29","expires_in":3599}' : '{"messageIds":["1"]}',
  );
  const [exchange, publish] = requests;
  const form = new URLSearchParams(exchange?.body);
  assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
  assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url')));
  const { iss, aud, scope } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  assert.deepEqual(
    { iss, aud, scope },
    { iss: account.client_email, aud: account.token_uri, scope: 'https://www.googleapis.com/auth/pubsub' },
  );
  assert.equal(publish?.url, 'https://pubsub.googleapis.com/v1/projects/project/topics/topic:publish');
  assert.equal(publish.headers['Authorization'], 'Bearer ya29');
  const data = Buffer.from(encodeEvent(info)).toString('base64');
  assert.deepEqual(JSON.parse(publish.body), { messages: [{ data, attributes: { team: 'a' } }] });
});

test('googlepubsub: without a key the machine is asked', async () => {
  const environment = { GCE_METADATA_HOST: '169.254.169.254' };
  const requests = await requestsOf('googlepubsub', { address: 'p', channel: 't', environment }, info, ({ headers }) =>
    headers['Metadata-Flavor'] === 'Google' ? '{"access_token":"m","expires_in":60}' : '{}',
  );
  assert.deepEqual(
    requests.map(({ url, headers }) => [new URL(url).host, headers['Authorization']]),
    [
      ['169.254.169.254', undefined],
      ['pubsub.googleapis.com', 'Bearer m'],
    ],
  );
});

for (const type of ['azureeventhub', 'azuredevops']) {
  test(`${type}: neither token nor workload identity`, async () => {
    const address = type === 'azuredevops' ? 'https://dev.azure.com/o/p/_git/r' : 'hub';
    const event = { ...info, metadata: { revision: 'a'.repeat(40) } };
    await assert.rejects(requestsOf(type, { address, channel: 'ns' }, event), /no workload identity of Azure/);
  });
}

for (const [type, settings] of [
  ['sentry', { address: 'https://sentry.example/42' }],
  ['sentry', { address: 'https://key@sentry.example/' }],
  ['otel', { address: 'collector:4317' }],
  ['azureeventhub', { address: 'Endpoint=sb://ns/;SharedAccessKeyName=k;SharedAccessKey=v' }],
  ['azureeventhub', { address: 'hub', token: 't' }],
  ['googlepubsub', { address: 'project' }],
  ['googlepubsub', { address: 'project', channel: 'topic', token: 'no json' }],
  ['googlepubsub', { address: 'project', channel: 'topic', token: '{"type":"external_account"}' }],
  ['googlepubsub', { address: 'project', channel: 'topic', token: JSON.stringify({ ...account, private_key: 'x' }) }],
  ['nats', { address: 'nats://127.0.0.1:4222' }],
  ['nats', { address: 'https://127.0.0.1', channel: 'events' }],
] as const) {
  test(`${type} refuses ${JSON.stringify(settings).slice(0, 90)}`, async () => {
    await assert.rejects(requestsOf(type, settings, info), ProviderConfigError);
  });
}
