import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, test } from 'node:test';
import { httpSink, type ReceivedRequest, waitFor } from '#test-kit';
import { alert, kustomizationEvent, kustomizeGroup, provider, secret, startSystem, untilDelivered } from './system.ts';

const system = await startSystem();
const { cluster } = system;
after(() => system[Symbol.asyncDispose]());

/** Applies a Provider with an Alert, posts one event, and returns what came of it. */
async function delivered(
  spec: object,
  data?: Readonly<Record<string, string>>,
  requests = 1,
): Promise<ReceivedRequest[]> {
  await using sink = await httpSink();
  const namespace = await cluster.namespace('provider');
  await cluster.apply(
    ...(data === undefined ? [] : [secret(namespace, 'a', data)]),
    provider(namespace, 'a', {
      address: sink.url,
      ...spec,
      ...(data === undefined ? {} : { secretRef: { name: 'a' } }),
    }),
    alert(namespace, 'a', {}),
  );
  await untilDelivered(system, namespace, () => sink.requests.length > 0);
  const event = kustomizationEvent(namespace, { message: 'Marked', severity: 'error' });
  await system.post(event);
  return [...(await sink.received(requests, { where: ({ body }) => body.includes('Marked') }))];
}

test('generic sends the event as JSON with the headers of the Secret', async () => {
  const [request] = await delivered(
    { type: 'generic' },
    { headers: 'Authorization: Bearer x\nX-Team: a', token: 'unsent' },
  );
  assert.ok(request);
  assert.equal(request.method, 'POST');
  assert.equal(request.headers['content-type'], 'application/json');
  assert.equal(request.headers['gotk-component'], 'kustomize-controller');
  assert.equal(request.headers.authorization, 'Bearer x');
  assert.equal(request.headers['x-team'], 'a');
  assert.match(
    request.body,
    /^\{"involvedObject":\{"kind":"Kustomization","namespace":"[^"]+","name":"web","uid":"u-1","apiVersion":"kustomize.toolkit.fluxcd.io\/v1"\},"severity":"error","timestamp":"2026-11-21T02:27:31Z","message":"Marked","reason":"ReconciliationSucceeded","reportingController":"kustomize-controller","reportingInstance":"pod-1"\}$/,
  );
});

test('generic-hmac signs the body', async () => {
  const [request] = await delivered({ type: 'generic-hmac' }, { token: 's3cr3t' });
  const wanted = createHmac('sha256', 's3cr3t')
    .update(request?.body ?? '')
    .digest('hex');
  assert.equal(request?.headers['x-signature'], `sha256=${wanted}`);
});

test('slack gets a message, with a token as bearer', async () => {
  const [request] = await delivered({ type: 'slack', channel: 'ops', username: 'flux' }, { token: 'xoxb' });
  assert.equal(request?.headers.authorization, 'Bearer xoxb');
  assert.match(
    request?.body ?? '',
    /^\{"channel":"ops","username":"flux","icon_url":"","icon_emoji":"","attachments":\[/,
  );
});

test('discord gets it under /slack', async () => {
  const [request] = await delivered({ type: 'discord' });
  assert.equal(request?.path, '/slack');
});

test('msteams gets an adaptive card', async () => {
  const [request] = await delivered({ type: 'msteams' });
  assert.equal(JSON.parse(request?.body ?? '').attachments[0].content.type, 'AdaptiveCard');
});

const commit = 'a'.repeat(40);

/** A Git host's API of commit statuses: lists, newest first, and takes new ones. */
async function gitHost(kind: 'github' | 'gitlab'): Promise<Awaited<ReturnType<typeof httpSink>>> {
  const sink = await httpSink();
  const statuses: object[] = [];
  sink.answer(({ method, body }) => {
    if (method === 'GET') return { status: 200, body: JSON.stringify(statuses) };
    const { state, ...rest } = JSON.parse(body);
    statuses.unshift(kind === 'github' ? { state, ...rest } : { status: state, ...rest });
    return { status: 201, body: '{}' };
  });
  return sink;
}

for (const c of [
  {
    type: 'github',
    repository: 'owner/repo.git',
    list: `/api/v3/repos/owner/repo/commits/${commit}/statuses?per_page=50`,
    set: `/api/v3/repos/owner/repo/statuses/${commit}`,
    token: ['authorization', 'Bearer tok'],
    idField: 'context',
    states: ['failure', 'success'],
  },
  {
    type: 'gitlab',
    repository: 'group/sub/project',
    list: `/api/v4/projects/group%2Fsub%2Fproject/repository/commits/${commit}/statuses?name=`,
    set: `/api/v4/projects/group%2Fsub%2Fproject/statuses/${commit}`,
    token: ['private-token', 'tok'],
    idField: 'name',
    states: ['failed', 'success'],
  },
] as const) {
  test(`${c.type} gets each status of a commit once, in order`, async () => {
    await using host = await gitHost(c.type);
    const namespace = await cluster.namespace(c.type);
    await cluster.apply(
      secret(namespace, 'a', { token: 'tok' }),
      provider(namespace, 'a', { type: c.type, address: `${host.url}/${c.repository}`, secretRef: { name: 'a' } }),
      alert(namespace, 'a', {}),
      provider(namespace, 'probe', { type: 'generic', address: `${host.url}/probe` }),
      alert(namespace, 'probe', {}),
    );
    await untilDelivered(system, namespace, () => host.requests.some(({ path }) => path === '/probe'));
    const metadata: Record<string, string> = {
      [`${kustomizeGroup}/revision`]: `main@sha1:${commit}`,
      [`${kustomizeGroup}/commit_status`]: 'update',
    };
    const report = (severity: string, reason: string, fields = metadata): Promise<Response> =>
      system.post(kustomizationEvent(namespace, { severity, reason, metadata: fields }));
    await report('error', 'HealthCheckFailed');
    await report('info', 'ReconciliationSucceeded');
    await report('info', 'ReconciliationSucceeded'); // the same status: listed, not set
    await report('info', 'Progressing');
    const lists = await host.received(3, { where: ({ method }) => method === 'GET' });
    assert.ok(lists.every(({ path, headers }) => path.startsWith(c.list) && headers[c.token[0]] === c.token[1]));
    await host.received(2, { where: ({ path }) => path === c.set });
    // Something that takes the same way later on proves that nothing else was set.
    await report('error', 'BuildFailed');
    const set = await host.received(3, { where: ({ path }) => path === c.set });
    const uid = (await cluster.get(
      `/apis/notification.toolkit.fluxcd.io/v1beta3/namespaces/${namespace}/providers/a`,
    )) as {
      readonly metadata: { readonly uid: string };
    };
    assert.deepEqual(
      set.map(({ body }) => JSON.parse(body)),
      [
        [c.states[0], 'health check failed'],
        [c.states[1], 'reconciliation succeeded'],
        [c.states[0], 'build failed'],
      ].map(([state, description]) => ({
        state,
        [c.idField]: `kustomization/web/${uid.metadata.uid.split('-')[0]}`,
        description,
      })),
    );
    await report('error', 'BuildFailed', {});
    await system.warned(namespace, 'a', /failed to send notification for .*: missing revision metadata$/);
  });
}

test('TLS: the CA of certSecretRef is trusted, and without it the reason is told at once', async () => {
  await using sink = await httpSink({ tls: true });
  const namespace = await cluster.namespace('tls');
  await cluster.apply(
    secret(namespace, 'ca', { 'ca.crt': sink.ca ?? '' }),
    provider(namespace, 'trusted', { type: 'generic', address: sink.url, certSecretRef: { name: 'ca' } }),
    alert(namespace, 'trusted', {}),
    provider(namespace, 'untrusted', { type: 'generic', address: sink.url }),
    alert(namespace, 'untrusted', {}),
  );
  await untilDelivered(system, namespace, () => sink.requests.length > 0);
  await system.warned(namespace, 'untrusted', /failed to execute request: .*(certificate|self-signed)/);
});

test('a proxy is gone through with its credentials', async () => {
  await using sink = await httpSink({ tls: true });
  const seen: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    seen.push(request.headers['proxy-authorization']);
    const [host, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on('error', () => end.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo; // it listens on TCP
  const namespace = await cluster.namespace('proxy');
  await cluster.apply(
    secret(namespace, 'ca', { 'ca.crt': sink.ca ?? '' }),
    secret(namespace, 'proxy', { address: `http://127.0.0.1:${port}`, username: 'u', password: 'p@ss' }),
    provider(namespace, 'a', {
      type: 'generic',
      address: sink.url,
      certSecretRef: { name: 'ca' },
      proxySecretRef: { name: 'proxy' },
    }),
    alert(namespace, 'a', {}),
  );
  await untilDelivered(system, namespace, () => sink.requests.length > 0);
  proxy.close();
  assert.equal(seen[0], `Basic ${Buffer.from('u:p@ss').toString('base64')}`);
});

test('a changed Secret counts from the next event on', async () => {
  await using sink = await httpSink();
  const namespace = await cluster.namespace('rotation');
  await cluster.apply(
    secret(namespace, 'a', { address: `${sink.url}/old` }),
    provider(namespace, 'a', { type: 'generic', secretRef: { name: 'a' } }),
    alert(namespace, 'a', {}),
  );
  await untilDelivered(system, namespace, () => sink.requests.length > 0);
  await cluster.apply(secret(namespace, 'a', { address: `${sink.url}/new` }));
  await system.post(kustomizationEvent(namespace, { message: 'after' }));
  const [request] = await sink.received(1, { where: ({ body }) => body.includes('"message":"after"') });
  assert.equal(request?.path, '/new');
});

test('a Provider carries the finalizer and can be deleted', async () => {
  const namespace = await cluster.namespace('finalizer');
  await cluster.apply(provider(namespace, 'a', { type: 'slack', address: 'https://example.com' }));
  const path = `/apis/notification.toolkit.fluxcd.io/v1beta3/namespaces/${namespace}/providers/a`;
  await waitFor(async () => JSON.stringify(await cluster.get(path)).includes('finalizers.fluxcd.io'), {
    what: 'the finalizer',
  });
  const { code } = await cluster.kubectl(['delete', 'providers', 'a', '-n', namespace, '--timeout=10s']);
  assert.equal(code, 0);
});
