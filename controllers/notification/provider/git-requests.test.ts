import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import type { Event } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import { type DeliverySettings, ProviderConfigError } from './notifier.ts';
import { type Answer, error, info, requestsOf, type Sent } from './record-requests.ts';
import { TokenCache } from './token-cache.ts';

const commit = 'a'.repeat(40);
const event: Event = { ...info, message: 'm', metadata: { revision: `main@sha1:${commit}` } };
const failed: Event = { ...error, metadata: event.metadata ?? {} };
const id = 'kustomization/web/0c9c2e41';
const key = createHash('sha1').update(id).digest('hex');
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

interface StatusCase {
  readonly type: string;
  readonly settings: Partial<DeliverySettings>;
  readonly event?: Event;
  /** Method and URL of each request. */
  readonly requests: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  /** What the host has when it has the same status already, and another one. */
  readonly same: unknown;
  readonly other: unknown;
  readonly nothing: Answer;
}

const bitbucketApi = `https://api.bitbucket.org/2.0/repositories/o/r/commit/${commit}/statuses/build`;
const serverApi = `https://bb.example/ctx/rest/api/latest/projects/~u/repos/r/commits/${commit}/builds`;
const azureApi = `https://dev.azure.com/o/p/_apis/git/repositories/r/commits/${commit}/statuses`;
const giteaApi = 'https://gitea.example/api/v1';

const statusCases: readonly StatusCase[] = [
  {
    type: 'gitea',
    settings: { address: 'https://gitea.example/o/r.git', token: 't' },
    requests: [
      `GET ${giteaApi}/version`,
      `GET ${giteaApi}/repos/o/r/commits/${commit}/statuses?sort=recentupdate&limit=50`,
      `POST ${giteaApi}/repos/o/r/statuses/${commit}`,
    ],
    headers: { Authorization: 'token t' },
    body: { state: 'success', context: id, description: 'reconciliation succeeded' },
    same: [{ context: id, status: 'success', description: 'reconciliation succeeded' }],
    other: [
      { context: 'x', status: 'success', description: 'reconciliation succeeded' },
      { context: id, status: 'pending', description: 'reconciliation succeeded' },
      { context: id, status: 'success', description: 'reconciliation succeeded' },
    ],
    nothing: '[]',
  },
  {
    type: 'bitbucket',
    settings: { address: 'https://bitbucket.org/o/r', token: 'u:p:q' },
    event: failed,
    requests: [`GET ${bitbucketApi}/${key}`, `POST ${bitbucketApi}`],
    headers: { Authorization: basic('u:p:q') },
    body: { key, state: 'FAILED', name: id, description: 'health check failed', url: 'https://bitbucket.org' },
    same: { key, state: 'FAILED', description: 'health check failed' },
    other: { key, state: 'SUCCESSFUL', description: 'health check failed' },
    nothing: 404,
  },
  {
    type: 'bitbucketserver',
    settings: { address: 'https://bb.example/ctx/scm/~u/r.git', username: 'u', password: 'p' },
    requests: [`GET ${serverApi}?key=${key}`, `POST ${serverApi}`],
    headers: { Authorization: basic('u:p'), 'X-Atlassian-Token': 'no-check' },
    body: {
      key,
      state: 'SUCCESSFUL',
      name: 'kustomization/web [reconciliation succeeded]',
      description: 'reconciliation succeeded',
      url: 'https://bb.example/ctx/projects/~u/repos/r',
    },
    same: { key, state: 'SUCCESSFUL', name: 'kustomization/web [reconciliation succeeded]' },
    other: { key, state: 'SUCCESSFUL', name: 'kustomization/web [health check failed]' },
    nothing: 404,
  },
  {
    type: 'azuredevops',
    settings: { address: 'https://dev.azure.com/o/p/_git/r', token: 'pat' },
    event: { ...event, metadata: { ...event.metadata, summary: 'prod' } },
    requests: [`GET ${azureApi}?latestOnly=true&api-version=7.1`, `POST ${azureApi}?api-version=7.1`],
    headers: { Authorization: basic(':pat') },
    body: {
      state: 'succeeded',
      description: 'reconciliation succeeded',
      context: { name: id, genre: 'fluxcd:prod' },
    },
    same: {
      value: [
        { state: 'succeeded', description: 'reconciliation succeeded', context: { name: id, genre: 'fluxcd:prod' } },
      ],
    },
    other: {
      value: [{ state: 'succeeded', description: 'reconciliation succeeded', context: { name: id, genre: 'fluxcd' } }],
    },
    nothing: '{"count":0,"value":[]}',
  },
];

for (const c of statusCases) {
  const ask = (known: Answer): Promise<readonly Sent[]> =>
    requestsOf(c.type, c.settings, c.event ?? event, ({ method, url }) => {
      if (url.endsWith('/version')) return '{"version":"1.22.0+dev"}';
      return method === 'GET' ? known : '{}';
    });
  const shape = (requests: readonly Sent[]): readonly string[] => requests.map(({ method, url }) => `${method} ${url}`);

  test(`${c.type}: a status is looked for, then set`, async () => {
    const requests = await ask(c.nothing);
    assert.deepEqual(shape(requests), c.requests);
    assert.deepEqual(JSON.parse(requests.at(-1)?.body ?? ''), c.body);
    for (const { headers } of requests) {
      const { 'Content-Type': _, ...rest } = headers;
      assert.deepEqual(rest, c.headers);
    }
  });
  test(`${c.type}: the same status is not set again`, async () => {
    assert.deepEqual(shape(await ask(JSON.stringify(c.same))), c.requests.slice(0, -1));
  });
  test(`${c.type}: another one is replaced`, async () => {
    assert.deepEqual(shape(await ask(JSON.stringify(c.other))), c.requests);
  });
  test(`${c.type}: a host that fails is told`, async () => {
    await assert.rejects(ask(403), /^Error: could not (list|read) .*status code 403$/);
    await assert.rejects(ask('<html>'), /the answer is no JSON/);
  });
  test(`${c.type}: no commit, no status`, async () => {
    const oci = { ...event, metadata: { revision: `latest@sha256:${'c'.repeat(64)}` } };
    await assert.rejects(requestsOf(c.type, c.settings, oci), /failed to extract commit hash/);
  });
  test(`${c.type}: Progressing ${c.type === 'gitea' ? 'is pending' : 'is ignored'}`, async () => {
    const requests = await requestsOf(c.type, c.settings, { ...event, reason: 'Progressing' }, ({ url }) =>
      url.endsWith('/version') ? '{"version":"1.22"}' : '[]',
    );
    const states = requests.slice(2).map(({ body }) => JSON.parse(body).state);
    assert.deepEqual(states, c.type === 'gitea' ? ['pending'] : []);
  });
  test(`${c.type}: an id of one's own`, async () => {
    const requests = await requestsOf(c.type, { ...c.settings, statusId: 'mine' }, event, ({ method, url }) =>
      url.endsWith('/version') ? '{"version":"1.22"}' : method === 'GET' ? c.nothing : '{}',
    );
    const hashed = createHash('sha1').update('mine').digest('hex');
    assert.match(requests.at(-1)?.body ?? '', new RegExp(`"(mine|${hashed})"`));
    assert.doesNotMatch(requests.at(-1)?.body ?? '', new RegExp(`${id}|${key}`));
  });
}

test('gitea: an address that is not a Gitea is told', async () => {
  const sending = requestsOf('gitea', { address: 'https://gitea.example/o/r', token: 't' }, event, () => '{"x":1}');
  await assert.rejects(sending, /could not read gitea's version/);
});

test('githubdispatch: the event as payload', async () => {
  const [request] = await requestsOf('githubdispatch', { address: 'https://github.com/o/r', token: 't' }, event);
  assert.ok(request);
  assert.equal(request.url, 'https://api.github.com/repos/o/r/dispatches');
  assert.equal(request.headers['Authorization'], 'Bearer t');
  const body = JSON.parse(request.body);
  assert.deepEqual(body, { event_type: 'Kustomization/web.apps', client_payload: JSON.parse(encodeEvent(event)) });
});

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const secretOf = (fields: Readonly<Record<string, string>>): ReadonlyMap<string, Buffer> =>
  new Map(Object.entries(fields).map(([name, value]) => [name, Buffer.from(value)]));
const app = { githubAppID: '12', githubAppPrivateKey: pem };

/** GitHub's side of an App: takes its JWT and gives a token for an hour. */
function appHost({ method, url, headers }: Sent): Answer {
  const path = new URL(url).pathname.replace('/api/v3', '');
  if (path.startsWith('/repos/')) return headers['Authorization'] === 'Bearer installation' ? '[]' : 401;
  const [head = '', claims = '', signature = ''] = (headers['Authorization'] ?? '').replace('Bearer ', '').split('.');
  assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url')));
  const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  assert.equal(iss, '12');
  assert.ok(exp - iat <= 600 && iat < Date.now() / 1000);
  if (path === '/app') return '{"slug":"my-app"}';
  if (path === '/users/me/installation') return '{"id":34}';
  if (method === 'POST' && path === '/app/installations/34/access_tokens')
    return '{"token":"installation","expires_at":"2100-01-01T00:00:00Z"}';
  return 404;
}

for (const c of [
  { name: 'by the number of its installation', fields: { githubAppInstallationID: '34' }, asks: [] },
  {
    name: 'by the owner',
    fields: { githubAppInstallationOwner: 'me' },
    asks: ['/orgs/me/installation', '/users/me/installation'],
  },
]) {
  test(`github: an App is found ${c.name}, and its token used until it expires`, async () => {
    const settings = {
      address: 'https://github.com/o/r',
      secret: secretOf({ ...app, ...c.fields }),
      tokens: new TokenCache(Date.now),
    };
    const first = await requestsOf('github', settings, event, appHost);
    assert.deepEqual(
      first.map(({ url }) => new URL(url).pathname),
      [
        ...c.asks,
        '/app/installations/34/access_tokens',
        `/repos/o/r/commits/${commit}/statuses`,
        `/repos/o/r/statuses/${commit}`,
      ],
    );
    assert.equal((await requestsOf('github', settings, event, appHost)).length, 2);
  });
}

test('githubpullrequestcomment: an App writes under its own name, at the API that its Secret names', async () => {
  const secret = secretOf({
    ...app,
    githubAppInstallationID: '34',
    githubAppBaseURL: 'https://ghe.example/api/v3/',
  });
  const change = { ...event, metadata: { change_request: '7' } };
  const settings = { address: 'https://ghe.example/o/r', secret };
  const requests = await requestsOf('githubpullrequestcomment', settings, change, appHost);
  assert.deepEqual(
    requests.map(({ method, url }) => `${method} ${url.replace('https://ghe.example/api/v3', '')}`),
    [
      'POST /app/installations/34/access_tokens',
      'GET /app',
      'GET /repos/o/r/issues/7/comments?per_page=100',
      'POST /repos/o/r/issues/7/comments',
    ],
  );
});

const text = '## Flux Status\n\nℹ️ Kustomization/apps/web\n\nm\n\nMetadata:\n* `change_request`: 7\n';
for (const c of [
  {
    type: 'githubpullrequestcomment',
    base: 'https://api.github.com/repos/o/r/issues',
    list: '7/comments?per_page=100',
    create: '7/comments',
    update: 'PATCH comments/5',
    user: { login: 'me' },
    marker: 'flux-pr-comment-key',
    comment: (author: string, body: string) => ({ id: 5, user: { login: author }, body }),
  },
  {
    type: 'giteapullrequestcomment',
    base: 'https://github.com/api/v1/repos/o/r/issues',
    list: '7/comments',
    create: '7/comments',
    update: 'PATCH comments/5',
    user: { login: 'me' },
    marker: 'flux-pr-comment-key',
    comment: (author: string, body: string) => ({ id: 5, user: { login: author }, body }),
  },
  {
    type: 'gitlabmergerequestcomment',
    base: 'https://github.com/api/v4/projects/o%2Fr/merge_requests',
    list: '7/notes?per_page=100&sort=asc&order_by=created_at',
    create: '7/notes',
    update: 'PUT 7/notes/5',
    user: { username: 'me' },
    marker: 'flux-mr-comment-key',
    comment: (author: string, body: string) => ({ id: 5, author: { username: author }, body }),
  },
]) {
  const change = { ...event, metadata: { change_request: '7' } };
  const body = `<!-- ${c.marker}:0c9c2e41-1111-2222-3333-444455556666/Kustomization/apps/web -->\n${text}`;
  const comment = async (existing: readonly object[]): Promise<readonly string[]> => {
    const settings = { address: 'https://github.com/o/r', token: 't' };
    const requests = await requestsOf(c.type, settings, change, ({ method, url }) => {
      if (url.endsWith('/user')) return JSON.stringify(c.user);
      return method === 'GET' ? JSON.stringify(existing) : '{}';
    });
    const written = requests.filter(({ method }) => method !== 'GET');
    assert.ok(requests.some(({ url }) => url === `${c.base}/${c.list}`));
    for (const request of written) assert.deepEqual(JSON.parse(request.body), { body });
    return written.map(({ method, url }) => `${method} ${url.replace(`${c.base}/`, '')}`);
  };
  test(`${c.type}: makes a comment, mends its own, and leaves the same and others' alone`, async () => {
    assert.deepEqual(await comment([]), [`POST ${c.create}`]);
    assert.deepEqual(await comment([c.comment('me', `${body}old`)]), [c.update]);
    assert.deepEqual(await comment([c.comment('me', body)]), []);
    assert.deepEqual(await comment([c.comment('somebody', body)]), [`POST ${c.create}`]);
    assert.deepEqual(await comment([c.comment('me', body.replace('/web', '/api'))]), [`POST ${c.create}`]);
  });
  test(`${c.type}: what is no number leads nowhere`, async () => {
    const settings = { address: 'https://github.com/o/r', token: 't' };
    const bad = { ...event, metadata: { change_request: '7/../../x' } };
    await assert.rejects(requestsOf(c.type, settings, bad), /invalid change_request/);
  });
}

for (const [type, settings] of [
  ['gitea', { address: 'https://gitea.example/o/r' }],
  ['gitea', { address: 'https://gitea.example/o/r/x', token: 't' }],
  ['bitbucket', { address: 'https://bitbucket.org/o/r', token: 't' }],
  ['bitbucket', { address: 'https://bitbucket.org/o', token: 'u:p' }],
  ['bitbucketserver', { address: 'https://bb.example/scm/p/r.git' }],
  ['bitbucketserver', { address: 'ssh://git@bb.example/scm/p/r.git', token: 't' }],
  ['bitbucketserver', { address: 'https://bb.example/p/r.git', token: 't' }],
  ['azuredevops', { address: 'https://dev.azure.com/o/p/r', token: 't' }],
  ['githubdispatch', { address: 'https://github.com/o/r' }],
  ['githubpullrequestcomment', { address: 'https://github.com/o/r' }],
  ['github', { address: 'https://github.com/o/r', secret: secretOf(app) }],
  [
    'github',
    {
      address: 'https://github.com/o/r',
      secret: secretOf({ ...app, githubAppPrivateKey: 'x', githubAppInstallationID: '1' }),
    },
  ],
  ['giteapullrequestcomment', { address: 'https://gitea.example/o/r' }],
  ['gitlabmergerequestcomment', { address: 'https://gitlab.com/o/r' }],
] as const) {
  test(`${type} refuses ${JSON.stringify(settings).slice(0, 100)}`, async () => {
    await assert.rejects(requestsOf(type, settings, event), ProviderConfigError);
  });
}
