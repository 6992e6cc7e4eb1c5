import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { Receiver, ReceiverSpec } from '#crds';
import { webhookPath } from './token.ts';
import { validateWebhook } from './validate.ts';
import { type Webhook, type WebhookCall, WebhookRefused } from './webhook.ts';

const token = Buffer.from('s3cr3t');
const body = '{}';
const known = '608b0c406f3dda19702d71a048483b8c331283106d80a208e3cf43dbde505286';
const sign = (algorithm: string, text: string = body): string =>
  `${algorithm}=${createHmac(algorithm, token).update(text).digest('hex')}`;

const receiver = (spec: Pick<ReceiverSpec, 'type'> & Partial<ReceiverSpec>): Receiver => ({
  apiVersion: 'notification.toolkit.fluxcd.io/v1',
  kind: 'Receiver',
  metadata: { name: 'r', namespace: 'apps' },
  spec: { resources: [], ...spec },
});

function call(of: Receiver, secret: Buffer, headers: Webhook['headers'], text: string): WebhookCall {
  const oidc = { claims: () => Promise.reject(new Error('nobody is asked')) };
  return { receiver: of, token: secret, secret: new Map(), headers, body: Buffer.from(text), oidc };
}

test('the path is the one of the specification, without separators and trimming', () => {
  assert.equal(
    webhookPath(token, 'github-receiver', 'flux-system'),
    '/hook/605dbd4976c3504a20afec155a68122702621389b3b29f71feb118008a1696a1',
  );
  assert.equal(
    webhookPath(Buffer.alloc(0), 'oidc-receiver', 'flux-system'),
    '/hook/fb50f10fcaa605885bfba1bfdfc4c03a1e8de615b785a288e4ad90d09fdfb39a',
  );
  assert.notEqual(webhookPath(Buffer.from('s3cr3t\n'), 'a', 'b'), webhookPath(token, 'a', 'b'));
  assert.notEqual(webhookPath(Buffer.from([0xff]), 'a', 'b'), webhookPath(Buffer.from([0xfe]), 'a', 'b'));
});

const json = { 'content-type': 'application/json' };
const form = 'payload=%7B%22a%22%3A1%7D';
for (const c of [
  { name: 'generic: anything', spec: { type: 'generic' }, headers: {}, ok: true },
  {
    name: 'hmac: the vector of the specification',
    spec: { type: 'generic-hmac' },
    headers: { 'x-signature': `sha256=${known}` },
    ok: true,
  },
  {
    name: 'hmac: upper case digits',
    spec: { type: 'generic-hmac' },
    headers: { 'x-signature': `sha256=${known.toUpperCase()}` },
    ok: true,
  },
  { name: 'hmac: sha1', spec: { type: 'generic-hmac' }, headers: { 'x-signature': sign('sha1') }, ok: true },
  { name: 'hmac: sha512', spec: { type: 'generic-hmac' }, headers: { 'x-signature': sign('sha512') }, ok: true },
  {
    name: 'hmac: another algorithm',
    spec: { type: 'generic-hmac' },
    headers: { 'x-signature': sign('md5') },
    ok: false,
  },
  { name: 'hmac: no signature', spec: { type: 'generic-hmac' }, headers: {}, ok: false },
  { name: 'hmac: no algorithm', spec: { type: 'generic-hmac' }, headers: { 'x-signature': known }, ok: false },
  {
    name: 'hmac: of another body',
    spec: { type: 'generic-hmac' },
    headers: { 'x-signature': sign('sha256', '{ }') },
    ok: false,
  },
  {
    name: 'hmac: a part of it',
    spec: { type: 'generic-hmac' },
    headers: { 'x-signature': sign('sha256').slice(0, -1) },
    ok: false,
  },
  {
    name: 'github: sha256',
    spec: { type: 'github' },
    headers: { ...json, 'x-hub-signature-256': sign('sha256') },
    ok: true,
  },
  {
    name: 'github: the older header',
    spec: { type: 'github' },
    headers: { ...json, 'x-hub-signature': sign('sha1') },
    ok: true,
  },
  {
    name: 'github: a bad one wins over a good older one',
    spec: { type: 'github' },
    headers: { ...json, 'x-hub-signature-256': 'sha256=00', 'x-hub-signature': sign('sha1') },
    ok: false,
  },
  {
    name: 'github: JSON with a charset',
    spec: { type: 'github' },
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-hub-signature-256': sign('sha256') },
    ok: true,
  },
  {
    name: 'github: a form',
    spec: { type: 'github' },
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-hub-signature-256': sign('sha256', form) },
    body: form,
    ok: true,
  },
  {
    name: 'github: text',
    spec: { type: 'github' },
    headers: { 'content-type': 'text/plain', 'x-hub-signature-256': sign('sha256') },
    ok: false,
  },
  { name: 'github: no type', spec: { type: 'github' }, headers: { 'x-hub-signature-256': sign('sha256') }, ok: false },
  {
    name: 'github: an allowed event in another case',
    spec: { type: 'github', events: ['Push'] },
    headers: { ...json, 'x-hub-signature-256': sign('sha256'), 'x-github-event': 'push' },
    ok: true,
  },
  {
    name: 'github: another event',
    spec: { type: 'github', events: ['push'] },
    headers: { ...json, 'x-hub-signature-256': sign('sha256'), 'x-github-event': 'ping' },
    ok: false,
  },
  {
    name: 'github: no event where some are named',
    spec: { type: 'github', events: ['push'] },
    headers: { ...json, 'x-hub-signature-256': sign('sha256') },
    ok: false,
  },
  { name: 'gitlab: the token', spec: { type: 'gitlab' }, headers: { 'x-gitlab-token': 's3cr3t' }, ok: true },
  { name: 'gitlab: another token', spec: { type: 'gitlab' }, headers: { 'x-gitlab-token': 's3cr3T' }, ok: false },
  { name: 'gitlab: no token', spec: { type: 'gitlab' }, headers: {}, ok: false },
  {
    name: 'gitlab: an allowed event',
    spec: { type: 'gitlab', events: ['Push Hook', 'Tag Push Hook'] },
    headers: { 'x-gitlab-token': 's3cr3t', 'x-gitlab-event': 'Tag Push Hook' },
    ok: true,
  },
  {
    name: 'gitlab: another event',
    spec: { type: 'gitlab', events: ['Push Hook'] },
    headers: { 'x-gitlab-token': 's3cr3t', 'x-gitlab-event': 'Job Hook' },
    ok: false,
  },
  {
    name: 'bitbucket: the hub signature',
    spec: { type: 'bitbucket', events: ['repo:push'] },
    headers: { ...json, 'x-hub-signature': sign('sha256'), 'x-event-key': 'repo:push' },
    ok: true,
  },
  {
    name: 'bitbucket: another event',
    spec: { type: 'bitbucket', events: ['repo:push'] },
    headers: { ...json, 'x-hub-signature': sign('sha256'), 'x-event-key': 'pr:opened' },
    ok: false,
  },
  { name: 'bitbucket: no signature', spec: { type: 'bitbucket' }, headers: json, ok: false },
  { name: 'harbor: the token', spec: { type: 'harbor' }, headers: { authorization: 's3cr3t' }, ok: true },
  {
    name: 'harbor: a word before it',
    spec: { type: 'harbor' },
    headers: { authorization: 'Bearer s3cr3t' },
    ok: false,
  },
  { name: 'harbor: nothing', spec: { type: 'harbor' }, headers: {}, ok: false },
  {
    name: 'dockerhub: a push',
    spec: { type: 'dockerhub' },
    headers: {},
    body: '{"push_data":{"tag":"1.0"},"repository":{"repo_url":"https://hub.docker.com/r/a/b"},"callback_url":"x"}',
    ok: true,
  },
  { name: 'dockerhub: an empty object', spec: { type: 'dockerhub' }, headers: {}, body: '{}', ok: true },
  { name: 'dockerhub: no JSON', spec: { type: 'dockerhub' }, headers: {}, body: 'push', ok: false },
  { name: 'dockerhub: a list', spec: { type: 'dockerhub' }, headers: {}, body: '[]', ok: false },
  {
    name: 'dockerhub: a tag that is a number',
    spec: { type: 'dockerhub' },
    headers: {},
    body: '{"push_data":{"tag":1}}',
    ok: false,
  },
  {
    name: 'quay: a push',
    spec: { type: 'quay' },
    headers: {},
    body: '{"docker_url":"quay.io/a/b","updated_tags":["1.0","latest"]}',
    ok: true,
  },
  {
    name: 'quay: tags that are an object',
    spec: { type: 'quay' },
    headers: {},
    body: '{"updated_tags":{}}',
    ok: false,
  },
  {
    name: 'acr: a push',
    spec: { type: 'acr' },
    headers: {},
    body: '{"action":"push","target":{"repository":"a","tag":"1"},"timestamp":"x","id":"y"}',
    ok: true,
  },
  { name: 'acr: a target that is text', spec: { type: 'acr' }, headers: {}, body: '{"target":"a"}', ok: false },
  {
    name: 'nexus: SHA-1 without a prefix',
    spec: { type: 'nexus' },
    headers: { 'x-nexus-webhook-signature': sign('sha1').slice(5) },
    ok: true,
  },
  {
    name: 'nexus: with a prefix',
    spec: { type: 'nexus' },
    headers: { 'x-nexus-webhook-signature': sign('sha1') },
    ok: false,
  },
  { name: 'nexus: no signature', spec: { type: 'nexus' }, headers: {}, ok: false },
  { name: 'gcr: no bearer token', spec: { type: 'gcr' }, headers: {}, ok: false },
  { name: 'oidc: no bearer token', spec: { type: 'generic-oidc' }, headers: {}, ok: false },
  {
    name: 'oidc: what is no JWT',
    spec: { type: 'generic-oidc' },
    headers: { authorization: 'Bearer s3cr3t' },
    ok: false,
  },
] as const) {
  test(`${c.name} is ${c.ok ? 'accepted' : 'refused'}`, async () => {
    const validating = validateWebhook(call(receiver(c.spec), token, c.headers, 'body' in c ? c.body : body));
    if (c.ok) await validating;
    else
      await assert.rejects(
        validating,
        (error: Error) => error instanceof WebhookRefused && !error.message.includes('s3cr3t'),
      );
  });
}

test('a token that is no text verifies', async () => {
  const binary = Buffer.from([0xe9, 0xff]);
  const headers = { 'x-gitlab-token': binary.toString('latin1') };
  await validateWebhook(call(receiver({ type: 'gitlab' }), binary, headers, ''));
});
