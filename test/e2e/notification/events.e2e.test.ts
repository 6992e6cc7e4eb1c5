import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { httpSink, waitFor } from '#test-kit';
import { alert, kustomizationEvent, kustomizeGroup, provider, secret, startSystem, untilDelivered } from './system.ts';

const system = await startSystem();
const { cluster, controller } = system;
after(() => system[Symbol.asyncDispose]());

test('an event is taken once, and told from its repetition', async () => {
  const event = kustomizationEvent('nobody');
  const first = await system.post(event);
  assert.equal(first.status, 202);
  assert.equal(await first.text(), '');
  assert.equal(first.headers.get('x-ratelimit-limit'), '1');
  assert.equal(first.headers.get('x-ratelimit-remaining'), '0');
  const reset = first.headers.get('x-ratelimit-reset') ?? '';
  assert.match(reset, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.equal(first.headers.get('retry-after'), null);
  const second = await system.post({ ...event, severity: 'error', reason: 'Other' });
  assert.equal(second.status, 429);
  assert.equal(second.headers.get('retry-after'), reset);
  assert.equal(second.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(await second.text(), 'Too Many Requests\n');
});

const large = 'x'.repeat(3 * 1024 * 1024 + 1);
for (const c of [
  { name: 'any path', path: 'any/path?x=1', init: { method: 'POST', body: '{"message":"a"}' }, status: 202 },
  { name: 'any method', path: '', init: { method: 'PUT', body: '{"message":"b"}' }, status: 202 },
  { name: 'a body that is no JSON', path: '', init: { method: 'POST', body: '{' }, status: 400 },
  { name: 'no body', path: '', init: { method: 'GET' }, status: 400 },
  { name: 'a body that is too large', path: '', init: { method: 'POST', body: large }, status: 413 },
  {
    name: 'one without a length',
    path: '',
    init: () => ({ method: 'POST', body: streamed(), duplex: 'half' }),
    status: 413,
  },
]) {
  test(`the event endpoint answers ${c.status} to ${c.name}`, async () => {
    const init = typeof c.init === 'function' ? c.init() : c.init;
    const response = await fetch(`${controller.urls.events}${c.path}`, init as RequestInit);
    assert.equal(response.status, c.status);
  });
}

function streamed(): ReadableStream<Uint8Array> {
  const chunk = new TextEncoder().encode('x'.repeat(1024 * 1024));
  let left = 5;
  return new ReadableStream({
    pull(stream) {
      if (left-- > 0) stream.enqueue(chunk);
      else stream.close();
    },
  });
}

const eventSources = (...sources: object[]): { eventSources: object[] } => ({ eventSources: sources });
const matching = [
  { name: 'any-name', spec: {}, takes: true },
  { name: 'exact-name', spec: eventSources({ kind: 'Kustomization', name: 'web' }), takes: true },
  { name: 'other-name', spec: eventSources({ kind: 'Kustomization', name: 'api' }), takes: false },
  { name: 'other-kind', spec: eventSources({ kind: 'GitRepository', name: '*' }), takes: false },
  {
    name: 'namespace-wildcard',
    spec: eventSources({ kind: 'Kustomization', name: '*', namespace: '*' }),
    takes: false,
  },
  { name: 'labels', spec: eventSources({ kind: 'Kustomization', name: '*', matchLabels: { team: 'a' } }), takes: true },
  {
    name: 'other-labels',
    spec: eventSources({ kind: 'Kustomization', name: '*', matchLabels: { team: 'b' } }),
    takes: false,
  },
  { name: 'errors-only', spec: { eventSeverity: 'error' }, takes: false },
  { name: 'included', spec: { inclusionList: ['(?i)ROLLED out$'] }, takes: true },
  { name: 'not-included', spec: { inclusionList: ['^out'] }, takes: false },
  { name: 'excluded', spec: { inclusionList: ['.*'], exclusionList: ['rolled'] }, takes: false },
  { name: 'bad-inclusion', spec: { inclusionList: ['(?=x)'] }, takes: false },
  { name: 'suspended', spec: { suspend: true }, takes: false },
];

test('alerts choose events by source, labels, severity and message', async () => {
  await using sink = await httpSink();
  const namespace = await cluster.namespace('match');
  await cluster.apply(
    {
      apiVersion: `${kustomizeGroup}/v1`,
      kind: 'Kustomization',
      metadata: { name: 'web', namespace, labels: { team: 'a' } },
      spec: { interval: '1h', prune: true, sourceRef: { kind: 'GitRepository', name: 'x' } },
    },
    ...matching.flatMap(({ name, spec }) => [
      provider(namespace, name, { type: 'generic', address: `${sink.url}/${name}` }),
      alert(namespace, name, spec),
    ]),
    provider(namespace, 'sleeping', { type: 'generic', address: `${sink.url}/sleeping`, suspend: true }),
    alert(namespace, 'sleeping', {}),
    alert(namespace, 'last', { providerRef: { name: 'any-name' } }),
  );
  await untilDelivered(system, namespace, () => sink.requests.length > 1);
  await system.post(kustomizationEvent(namespace, { message: 'web rolled out' }));
  const wanted = matching.filter(({ takes }) => takes).map(({ name }) => `/${name}`);
  const ofEvent = (): string[] =>
    sink.requests.filter(({ body }) => body.includes('rolled out')).map(({ path }) => path);
  await waitFor(() => ofEvent().length > wanted.length, { what: 'the notifications of all alerts that match' });
  await system.warned(namespace, 'bad-inclusion', /failed to compile inclusion regex/);
  assert.deepEqual([...new Set(ofEvent())].toSorted(), wanted.toSorted());
});

test('an alert of another namespace takes events that its sources name', async () => {
  await using sink = await httpSink();
  const [home, away] = [await cluster.namespace('home'), await cluster.namespace('away')];
  await cluster.apply(
    provider(home, 'a', { type: 'generic', address: sink.url }),
    alert(home, 'a', eventSources({ kind: 'Kustomization', name: '*', namespace: away })),
  );
  await untilDelivered(system, away, () => sink.requests.length > 0);
});

test('metadata reaches the provider without prefixes; a permanent clash is one warning', async () => {
  await using sink = await httpSink();
  const namespace = await cluster.namespace('metadata');
  await cluster.apply(
    provider(namespace, 'a', { type: 'generic', address: sink.url }),
    alert(namespace, 'a', { eventMetadata: { env: 'prod', revision: 'mine' }, summary: 'Production' }),
  );
  await untilDelivered(system, namespace, () => sink.requests.length > 0);
  const metadata = {
    [`${kustomizeGroup}/revision`]: 'main@sha1:abc',
    [`${kustomizeGroup}/token`]: 't',
    [`${kustomizeGroup}/digest`]: 'd',
    foreign: 'x',
  };
  for (let i = 0; i < 20; i++) await system.post(kustomizationEvent(namespace, { metadata, reason: 'Clash' }));
  const [first] = await sink.received(20, { where: ({ body }) => body.includes('"reason":"Clash"') });
  assert.deepEqual(JSON.parse(first?.body ?? '').metadata, {
    env: 'prod',
    revision: 'main@sha1:abc',
    summary: 'Production',
  });
  const warning = await system.warned(namespace, 'a', /^metadata key conflicts detected/);
  assert.equal(warning.reason, 'MetadataAppendFailed');
  assert.match(JSON.stringify(warning.annotations), /revision/);
  assert.equal((await system.warnings(namespace, 'a')).length, 1);
});

test('what cannot be delivered is told on the alert, once per cause, without secrets', async () => {
  await using sink = await httpSink();
  const webhook = '/services/T0/B0/s3cr3t-path';
  sink.answer(() => ({ status: 404, body: `no hook ${webhook} for token s3cr3t-token` }));
  const namespace = await cluster.namespace('failing');
  await cluster.apply(
    secret(namespace, 'hook', { address: `${sink.url}${webhook}`, token: 's3cr3t-token' }),
    provider(namespace, 'refused', { type: 'slack', secretRef: { name: 'hook' } }),
    alert(namespace, 'refused', {}),
    alert(namespace, 'no-provider', {}),
    provider(namespace, 'no-secret', { type: 'slack', secretRef: { name: 'missing' } }),
    alert(namespace, 'no-secret', {}),
    provider(namespace, 'later', { type: 'generic', address: sink.url, channel: 'x', serviceAccountName: 'x' }),
    alert(namespace, 'later', {}),
  );
  await untilDelivered(system, namespace, () => sink.requests.length >= 10);
  const start = `for Kustomization/${namespace}/web: `;
  for (const [name, text] of [
    ['refused', `failed to send notification ${start}postMessage failed: request failed with status code 404, no hook`],
    ['no-provider', `failed to dispatch notification ${start}failed to read provider: `],
    ['no-secret', `failed to dispatch notification ${start}failed to initialize notifier for provider 'no-secret': `],
    [
      'later',
      `failed to dispatch notification ${start}failed to initialize notifier for provider 'later': not supported`,
    ],
  ] as const) {
    const warning = await waitFor(
      async () => (await system.warnings(namespace, name)).find(({ message }) => message.startsWith(text)),
      { what: `a warning that starts with "${text}"` },
    );
    assert.equal(warning.reason, 'NotificationDispatchFailed');
  }
  await system.warned(namespace, 'later', /^not supported yet: spec.serviceAccountName/);
  assert.equal((await system.warnings(namespace, 'refused')).length, 1);
  const { stdout } = await cluster.kubectl(['get', 'events', '-n', namespace, '-o', 'json']);
  assert.doesNotMatch(stdout + JSON.stringify(await controller.logs()), /s3cr3t/);
});

test('a provider that answers 500 is tried again within its timeout', async () => {
  await using sink = await httpSink();
  sink.answer(() => ({ status: 500 }));
  const namespace = await cluster.namespace('errors');
  await cluster.apply(
    provider(namespace, 'a', { type: 'generic', address: sink.url, timeout: '3s' }),
    alert(namespace, 'a', {}),
  );
  await untilDelivered(system, namespace, () => sink.requests.length > 0);
  await sink.received(2, { where: ({ body }) => body === sink.requests[0]?.body });
  const { message } = await system.warned(namespace, 'a', /failed to send notification/);
  assert.match(message, /postMessage failed: failed to execute request: context deadline exceeded/);
});

test('a flood of 5,000 events and a provider that hangs neither fill the memory nor keep others waiting', async () => {
  await using hanging = await httpSink();
  await using healthy = await httpSink();
  hanging.answer(() => 'hang');
  const namespace = await cluster.namespace('flood');
  await cluster.apply(
    provider(namespace, 'hanging', { type: 'generic', address: hanging.url, timeout: '2s' }),
    alert(namespace, 'hanging', {}),
    provider(namespace, 'healthy', { type: 'generic', address: healthy.url }),
    alert(namespace, 'healthy', {}),
  );
  await untilDelivered(system, namespace, () => hanging.requests.length > 0 && healthy.requests.length > 0);
  const before = await controller.rssBytes();
  healthy.clear();
  const count = 5000;
  let next = 0;
  const statuses: number[] = [];
  const producer = async (): Promise<void> => {
    while (next < count) {
      const event = kustomizationEvent(namespace, { name: `web-${next++}`, message: `flood ${'.'.repeat(500)}` });
      const response = await system.post(event);
      await response.arrayBuffer();
      statuses.push(response.status);
    }
  };
  await Promise.all(Array.from({ length: 16 }, producer));
  assert.deepEqual(new Set(statuses), new Set([202]));
  const isFlood = ({ body }: { readonly body: string }): boolean => body.includes('"message":"flood ');
  const delivered = await healthy.received(count, { timeoutMs: 120_000, where: isFlood });
  assert.equal(new Set(delivered.map(({ body }) => JSON.parse(body).involvedObject.name)).size, count);
  const grown = (await controller.rssBytes()) - before;
  assert.ok(grown < 150 * 1024 * 1024, `the flood took ${Math.round(grown / 1024 / 1024)} MiB`);
  assert.ok((await system.warnings(namespace, 'hanging')).length <= 2);
});

test('the endpoints are measured', async () => {
  const text = await controller.metrics();
  assert.match(text, /^gotk_event_http_request_duration_seconds_count\{handler="\/",method="POST",code="202"\} \d+$/m);
  assert.match(text, /^gotk_event_http_response_size_bytes_count\{handler="\/",method="POST",code="429"\} \d+$/m);
  assert.match(text, /^gotk_event_http_requests_inflight\{handler="\/"\} 0$/m);
  assert.match(text, /^gotk_receiver_http_requests_inflight\{handler="\/hook\/"\} 0$/m);
});

test('a controller that was killed delivers again after its start', async () => {
  await using sink = await httpSink();
  const namespace = await cluster.namespace('restart');
  await cluster.apply(provider(namespace, 'a', { type: 'generic', address: sink.url }), alert(namespace, 'a', {}));
  await untilDelivered(system, namespace, () => sink.requests.length > 0);
  const event = kustomizationEvent(namespace, { message: 'twice' });
  assert.equal((await system.post(event)).status, 202);
  await sink.received(1, { where: ({ body }) => body.includes('twice') }); // what is under way may be lost, as in Flux
  await controller.restart();
  assert.equal((await system.post(event)).status, 202);
  await sink.received(2, { where: ({ body }) => body.includes('twice') });
});
