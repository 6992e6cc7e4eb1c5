import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CelError } from '#cel';
import type { OidcProvider, Receiver } from '#crds';
import type { JsonRecord } from '../../json-record.ts';
import type { ExpectedToken } from '../oidc-verifier.ts';
import { type WebhookCall, WebhookRefused } from '../webhook.ts';
import { faultOfEvent } from './cdevents.ts';
import { gcr } from './gcr.ts';
import { genericOidc } from './generic-oidc.ts';

const jwt = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;

/** A call with a token that counts as verified when it is asked for as expected. */
function call(
  type: 'gcr' | 'generic-oidc',
  claims: JsonRecord,
  fields: { readonly secret?: object; readonly oidcProviders?: readonly OidcProvider[]; readonly body?: string },
): WebhookCall & { readonly asked: ExpectedToken[] } {
  const asked: ExpectedToken[] = [];
  const receiver: Receiver = {
    apiVersion: 'notification.toolkit.fluxcd.io/v1',
    kind: 'Receiver',
    metadata: { name: 'r', namespace: 'apps' },
    spec: { type, resources: [], ...(fields.oidcProviders && { oidcProviders: fields.oidcProviders }) },
  };
  return {
    asked,
    receiver,
    token: Buffer.alloc(0),
    secret: new Map(Object.entries(fields.secret ?? {}).map(([key, value]) => [key, Buffer.from(String(value))])),
    headers: { authorization: `Bearer ${jwt(claims)}` },
    body: Buffer.from(fields.body ?? ''),
    oidc: {
      claims: (_, expected) => {
        asked.push(expected);
        return Promise.resolve(claims);
      },
    },
  };
}

const secret = { token: 't', email: 'push@p.iam.gserviceaccount.com', audience: 'https://hook' };
const inner = '{"action":"INSERT","digest":"d","tag":"gcr.io/p/i:1"}';
const pushed = JSON.stringify({ message: { data: Buffer.from(inner).toString('base64') }, subscription: 's' });
const account = { email: secret.email, email_verified: true };

test('gcr: the message inside takes the place of the body', async () => {
  const made = call('gcr', account, { secret, body: pushed });
  assert.equal((await gcr(made)).body?.toString(), inner);
  assert.deepEqual(made.asked, [
    {
      issuers: ['accounts.google.com', 'https://accounts.google.com'],
      keysUrl: 'https://www.googleapis.com/oauth2/v3/certs',
      audience: 'https://hook',
    },
  ]);
});

for (const [name, made] of [
  ['another account', call('gcr', { ...account, email: 'x@y' }, { secret, body: pushed })],
  ['an account that is not verified', call('gcr', { email: secret.email }, { secret, body: pushed })],
  ['a Secret without email', call('gcr', account, { secret: { ...secret, email: '' }, body: pushed })],
  ['a Secret without audience', call('gcr', account, { secret: { token: 't', email: secret.email }, body: pushed })],
  ['a body that is no message', call('gcr', account, { secret, body: '[]' })],
  ['a message that is no JSON', call('gcr', account, { secret, body: '{"message":{"data":"AAAA"}}' })],
] as const) {
  test(`gcr: ${name} is refused`, async () => {
    await assert.rejects(async () => gcr(made), WebhookRefused);
  });
}

const github: OidcProvider = {
  issuerURL: 'https://token.actions.githubusercontent.com',
  variables: [
    { name: 'owner', expression: 'claims.repository_owner' },
    { name: 'repos', expression: "[vars.owner + '/a', vars.owner + '/b']" },
  ],
  validations: [
    { expression: "vars.owner == 'my-org'", message: 'wrong org' },
    { expression: 'claims.repository in vars.repos', message: 'wrong repo' },
  ],
};
const claims = { iss: github.issuerURL, repository_owner: 'my-org', repository: 'my-org/a' };

test('generic-oidc: the issuer chooses whose rules count, and the claims are for filters', async () => {
  const other: OidcProvider = { issuerURL: 'https://other', validations: [{ expression: 'false', message: 'no' }] };
  const made = call('generic-oidc', claims, { oidcProviders: [other, github] });
  assert.deepEqual(await genericOidc(made), { claims });
  assert.deepEqual(made.asked, [{ issuers: [github.issuerURL], audience: 'notification-controller' }]);
  const own = call('generic-oidc', claims, { oidcProviders: [{ ...github, audience: 'mine' }] });
  await genericOidc(own);
  assert.equal(own.asked[0]?.audience, 'mine');
});

for (const [name, change, reply] of [
  ['all rules that fail are told', { repository_owner: 'x' }, 'wrong org, wrong repo'],
  ['one that fails is enough', { repository: 'my-org/c' }, 'wrong repo'],
  ['a claim that is missing is no yes', { repository: undefined }, ''],
  ['an unknown issuer is refused', { iss: 'https://elsewhere' }, ''],
] as const) {
  test(`generic-oidc: ${name}`, async () => {
    const made = call('generic-oidc', { ...claims, ...change }, { oidcProviders: [github] });
    await assert.rejects(
      async () => genericOidc(made),
      (error: Error) => error instanceof WebhookRefused && error.reply === reply,
    );
  });
}

test('generic-oidc: an expression that is no CEL is told as such', async () => {
  const bad = { ...github, validations: [{ expression: 'req.x == 1', message: 'm' }] };
  await assert.rejects(async () => genericOidc(call('generic-oidc', claims, { oidcProviders: [bad] })), CelError);
});

const merged = {
  context: {
    version: '0.4.1',
    id: '271069a8',
    source: '/event/source/123',
    type: 'dev.cdevents.change.merged.0.2.0',
    timestamp: '2026-03-20T14:27:05.315384Z',
  },
  subject: { id: 'mySubject123', type: 'change', content: { repository: { id: 'r', source: 'https://example.com' } } },
};
const finished = {
  ...merged,
  context: { ...merged.context, type: 'dev.cdevents.testcaserun.finished.0.2.0' },
  subject: { id: 't', type: 'testCaseRun', content: { outcome: 'pass', environment: { id: 'e' } } },
};

for (const [name, event, fault] of [
  ['a merged change', merged, undefined],
  [
    'a later patch of its version',
    { ...merged, context: { ...merged.context, type: 'dev.cdevents.change.merged.0.2.9' } },
    undefined,
  ],
  ['data of its own', { ...merged, customData: { a: 1 }, customDataContentType: 'application/json' }, undefined],
  ['a finished test case', finished, undefined],
  [
    'an outcome that is unknown',
    { ...finished, subject: { ...finished.subject, content: { outcome: 'maybe' } } },
    /outcome/,
  ],
  [
    'a required field that is missing',
    { ...finished, subject: { ...finished.subject, content: {} } },
    /environment|outcome/,
  ],
  ['no object', [], /object/],
  ['no context', { subject: merged.subject }, /context/],
  ['no content', { ...merged, subject: { id: 'x', type: 'change' } }, /content/],
  ['a field that nobody knows', { ...merged, subject: { ...merged.subject, content: { x: 1 } } }, /unknown/],
  ['an older version', { ...merged, context: { ...merged.context, version: '0.3.0' } }, /version/],
  [
    'another version of its type',
    { ...merged, context: { ...merged.context, type: 'dev.cdevents.change.merged.0.1.2' } },
    /version/,
  ],
  ['an unknown type', { ...merged, context: { ...merged.context, type: 'dev.cdevents.change.eaten.0.1.0' } }, /type/],
  ['a time that is none', { ...merged, context: { ...merged.context, timestamp: 'yesterday' } }, /timestamp/],
  ['a subject of another type', { ...merged, subject: { ...merged.subject, type: 'build' } }, /subject.type/],
] as const) {
  test(`cdevents: ${name} is ${fault === undefined ? 'valid' : 'not'}`, () => {
    const found = faultOfEvent(event);
    if (fault === undefined) assert.equal(found, undefined);
    else assert.match(found ?? '', fault);
  });
}
