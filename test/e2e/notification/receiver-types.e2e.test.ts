import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { checkStatus, waitFor } from '#test-kit';
import { openInternet, type Reply } from './internet.ts';
import { secret, startSystem } from './system.ts';

const requestedAt = 'reconcile.fluxcd.io/requestedAt';
const token = 's3cr3t-token';
const email = 'push@project.iam.gserviceaccount.com';
const audience = 'https://hooks.example/hook';
const githubIssuer = 'https://token.actions.githubusercontent.com';

const signer = await generateKeyPair('RS256', { extractable: true });
const forger = await generateKeyPair('RS256', { extractable: true });
const keys = { keys: [{ ...(await exportJWK(signer.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };

/** An ID token that lasts for `seconds`. */
function idToken(claims: Readonly<Record<string, unknown>>, by = signer, seconds = 300): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(by.privateKey);
}

function issuers({ url }: { readonly url: URL }): Reply {
  const page = `https://${url.host}${url.pathname}`;
  if (page === `${githubIssuer}/.well-known/openid-configuration`)
    return {
      status: 200,
      body: JSON.stringify({ issuer: githubIssuer, jwks_uri: `${githubIssuer}/.well-known/jwks` }),
    };
  const isKeys = page === `${githubIssuer}/.well-known/jwks` || page === 'https://www.googleapis.com/oauth2/v3/certs';
  return isKeys ? { status: 200, body: JSON.stringify(keys) } : { status: 404 };
}

const internet = await openInternet([new URL(githubIssuer).host, 'www.googleapis.com'], issuers);
const system = await startSystem([], internet.env);
const { cluster } = system;
after(async () => {
  await system[Symbol.asyncDispose]();
  await internet[Symbol.asyncDispose]();
});

const sign = (algorithm: string, body: string): string => createHmac(algorithm, token).update(body).digest('hex');
const json = { 'Content-Type': 'application/json' };
const cdevent = JSON.stringify({
  context: {
    version: '0.4.1',
    id: 'i',
    source: '/s',
    type: 'dev.cdevents.change.merged.0.2.0',
    timestamp: '2026-03-20T14:27:05Z',
  },
  subject: { id: 'c', type: 'change', content: {} },
});
const message = { action: 'INSERT', digest: 'd', tag: 'gcr.io/project/web:1' };
const pushed = JSON.stringify({ message: { data: Buffer.from(JSON.stringify(message)).toString('base64') } });
const google = { iss: 'https://accounts.google.com', aud: audience, email, email_verified: true };
const workflow = {
  iss: githubIssuer,
  aud: 'notification-controller',
  repository_owner: 'my-org',
  repository: 'my-org/web',
};
const oidcProviders = [
  {
    issuerURL: githubIssuer,
    variables: [{ name: 'owner', expression: 'claims.repository_owner' }],
    validations: [{ expression: "vars.owner == 'my-org'", message: 'wrong org' }],
  },
];
const bearer = async (...parameters: Parameters<typeof idToken>): Promise<Record<string, string>> => ({
  Authorization: `Bearer ${await idToken(...parameters)}`,
});

interface Call {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of the answer; empty unless given. */
  readonly text?: string;
}

interface Case {
  readonly type: string;
  readonly spec?: object;
  readonly good: Call;
  readonly bad: readonly Call[];
}

const cases: readonly Case[] = [
  {
    type: 'bitbucket',
    spec: { events: ['repo:refs_changed'] },
    good: {
      headers: { ...json, 'X-Hub-Signature': `sha256=${sign('sha256', '{}')}`, 'X-Event-Key': 'repo:refs_changed' },
      body: '{}',
    },
    bad: [
      { headers: { ...json, 'X-Hub-Signature': 'sha256=00', 'X-Event-Key': 'repo:refs_changed' }, body: '{}' },
      {
        headers: { ...json, 'X-Hub-Signature': `sha256=${sign('sha256', '{}')}`, 'X-Event-Key': 'pr:opened' },
        body: '{}',
      },
    ],
  },
  {
    type: 'harbor',
    good: { headers: { Authorization: token } },
    bad: [{ headers: { Authorization: `Bearer ${token}` } }, { headers: {} }],
  },
  {
    type: 'dockerhub',
    good: { headers: json, body: '{"push_data":{"tag":"1"},"repository":{"repo_url":"u"}}' },
    bad: [{ headers: json, body: 'tag=1' }],
  },
  {
    type: 'quay',
    good: { headers: json, body: '{"docker_url":"quay.io/a/b","updated_tags":["1"]}' },
    bad: [{ headers: json, body: '{"updated_tags":"1"}' }],
  },
  {
    type: 'acr',
    good: { headers: json, body: '{"action":"push","target":{"repository":"a","tag":"1"}}' },
    bad: [{ headers: json, body: '[1]' }],
  },
  {
    type: 'nexus',
    good: {
      headers: { ...json, 'X-Nexus-Webhook-Signature': sign('sha1', '{"action":"CREATED"}') },
      body: '{"action":"CREATED"}',
    },
    bad: [
      { headers: { ...json, 'X-Nexus-Webhook-Signature': sign('sha1', '{}') }, body: '{"action":"CREATED"}' },
      { headers: { ...json, 'X-Nexus-Webhook-Signature': `sha1=${sign('sha1', '{}')}` }, body: '{}' },
    ],
  },
  {
    type: 'cdevents',
    spec: { events: ['dev.cdevents.change.merged.0.2.0'] },
    good: { headers: { ...json, 'Ce-Type': 'dev.cdevents.change.merged.0.2.0' }, body: cdevent },
    bad: [
      { headers: { ...json, 'Ce-Type': 'dev.cdevents.change.created.0.3.0' }, body: cdevent },
      { headers: { ...json, 'Ce-Type': 'dev.cdevents.change.merged.0.2.0' }, body: '{"context":{}}' },
    ],
  },
  {
    type: 'gcr',
    spec: { resourceFilter: "req.tag.endsWith('/' + res.metadata.name + ':1')" },
    good: { headers: { ...json, ...(await bearer(google)) }, body: pushed },
    bad: [
      { headers: { ...json, ...(await bearer({ ...google, email: 'other@x' })) }, body: pushed },
      { headers: { ...json, ...(await bearer({ ...google, aud: 'https://elsewhere' })) }, body: pushed },
      { headers: { ...json, ...(await bearer({ ...google, iss: githubIssuer })) }, body: pushed },
      { headers: { ...json, ...(await bearer(google, forger)) }, body: pushed },
      { headers: { ...json, ...(await bearer(google, signer, -60)) }, body: pushed },
      { headers: json, body: pushed },
    ],
  },
  {
    type: 'generic-oidc',
    spec: { oidcProviders, resourceFilter: "claims.repository.endsWith('/' + res.metadata.name)" },
    good: { headers: await bearer(workflow) },
    bad: [
      { headers: await bearer({ ...workflow, repository_owner: 'x' }), text: 'wrong org\n' },
      { headers: await bearer({ ...workflow, aud: 'x' }) },
      { headers: await bearer({ ...workflow, iss: 'https://unknown.example' }) },
      { headers: await bearer(workflow, forger) },
      { headers: await bearer(workflow, signer, -60) },
      { headers: { Authorization: 'Bearer x' } },
      { headers: {} },
    ],
  },
];

async function request(namespace: string): Promise<string | undefined> {
  const object = await cluster.get(`/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories/web`);
  const metadata = object?.['metadata'] as { annotations?: Record<string, string> } | undefined;
  return metadata?.annotations?.[requestedAt];
}

for (const { type, spec = {}, good, bad } of cases) {
  test(`a ${type} webhook makes its resources reconcile, wrong ones do not`, async () => {
    const namespace = await cluster.namespace('receiver');
    const isOidc = type === 'generic-oidc';
    await cluster.apply(
      secret(namespace, 'token', { token, email, audience }),
      {
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'GitRepository',
        metadata: { name: 'web', namespace },
        spec: { interval: '1h', url: 'https://example.com/x' },
      },
      {
        apiVersion: 'notification.toolkit.fluxcd.io/v1',
        kind: 'Receiver',
        metadata: { name: 'r', namespace },
        spec: {
          type,
          resources: [{ kind: 'GitRepository', name: 'web' }],
          ...(isOidc ? {} : { secretRef: { name: 'token' } }),
          ...spec,
        },
      },
    );
    const path = `/hook/${createHash('sha256')
      .update(`${isOidc ? '' : token}r${namespace}`)
      .digest('hex')}`;
    const call = ({ headers, body }: Call): Promise<Response> =>
      system.call(path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
    let last = 0;
    await waitFor(
      async () => {
        last = (await call(good)).status;
        return last === 200;
      },
      { what: 'the answer 200', timeoutMs: 10_000 },
    ).catch((error: unknown) => assert.equal(last, 200, String(error)));
    const first = await request(namespace);
    assert.ok(first);
    for (const one of bad) {
      const answer = await call(one);
      assert.deepEqual([answer.status, await answer.text()], [400, one.text ?? '']);
    }
    assert.equal(await request(namespace), first);
    const receiver = await cluster.get(`/apis/notification.toolkit.fluxcd.io/v1/namespaces/${namespace}/receivers/r`);
    assert.ok(receiver);
    checkStatus(receiver);
  });
}

test('no token is in a log', async () => {
  const logs = JSON.stringify(await system.controller.logs());
  for (const { good, bad } of cases)
    for (const { headers } of [good, ...bad]) {
      const shown = headers['Authorization']?.replace('Bearer ', '') ?? '';
      if (shown.length > 1) assert.ok(!logs.includes(shown));
    }
});
