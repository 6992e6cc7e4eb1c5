import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { asGitRepository, type GitRepository } from '#crds';
import { sshAuthOptions } from './auth-options.ts';
import { appToken, hasGitHubApp, readGitHubApp } from './github-app.ts';
import { isOutdatedBy } from './resolve-includes.ts';
import { VerifiedRevisions } from './verified-revisions.ts';
import { coversMode, verificationMode } from './verify-source.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const app = { githubAppID: '1', githubAppPrivateKey: pem, githubAppInstallationID: '2' };

test('readGitHubApp takes the API of github.com unless told', () => {
  assert.equal(readGitHubApp(app).baseUrl, 'https://api.github.com');
  assert.equal(readGitHubApp({ ...app, githubAppBaseURL: 'https://x/api/v3/\n' }).baseUrl, 'https://x/api/v3');
  assert.deepEqual(readGitHubApp(app).installation, { id: '2' });
  assert.equal(hasGitHubApp({ username: 'x' }), false);
  assert.equal(hasGitHubApp({ githubAppID: '1' }), true);
});

for (const [change, message] of [
  [{ githubAppID: '' }, /^key 'githubAppID' is missing$/],
  [{ githubAppPrivateKey: '' }, /^key 'githubAppPrivateKey' is missing$/],
  [{ githubAppInstallationID: '' }, /^exactly one of/],
  [{ githubAppInstallationOwner: 'x' }, /^exactly one of/],
  [{ githubAppInstallationID: '2/../3' }, /^key 'githubAppInstallationID' is no number$/],
  [{ githubAppPrivateKey: 's3cr3t' }, /^key 'githubAppPrivateKey' is no private key in PEM form$/],
  [{ githubAppBaseURL: 'file:///x' }, /^key 'githubAppBaseURL' is no http/],
] as const) {
  test(`readGitHubApp refuses ${JSON.stringify(change)}`, () =>
    assert.throws(() => readGitHubApp({ ...app, ...change }), { message }));
}

test('an App proves itself for less than ten minutes, with its clock a minute back', () => {
  const token = appToken({ appId: '7', privateKey }, new Date(1_700_000_000_000));
  const [head = '', claims = '', signature = ''] = token.split('.');
  assert.deepEqual(JSON.parse(Buffer.from(claims, 'base64url').toString()), {
    iat: 1_699_999_940,
    exp: 1_700_000_540,
    iss: '7',
  });
  const bytes = Buffer.from(signature, 'base64url');
  assert.ok(verify('sha256', Buffer.from(`${head}.${claims}`), createPublicKey(privateKey), bytes));
});

for (const [data, message] of [
  [{}, "invalid 'ssh' auth option: 'identity' is required"],
  [{ identity: 'x' }, "invalid 'ssh' auth option: 'known_hosts' is required"],
  [
    { identity: 's3cr3t', known_hosts: 'x ssh-rsa AAAA' },
    "invalid 'ssh' auth option: 'known_hosts' line 1 holds no ssh-rsa key",
  ],
  [
    { identity: 's3cr3t', known_hosts: '# none' },
    "invalid 'ssh' auth option: 'identity' is no private key that can be read, expected an ed25519, ECDSA or RSA key in PEM form",
  ],
] as const) {
  test(`sshAuthOptions refuses ${JSON.stringify(Object.keys(data))}: ${message}`, () =>
    assert.rejects(sshAuthOptions(data), { message }));
}

for (const [recorded, wanted, want] of [
  [undefined, 'HEAD', false],
  ['HEAD', 'HEAD', true],
  ['HEAD', 'Tag', false],
  ['HEAD', 'TagAndHEAD', false],
  ['Tag', 'HEAD', false],
  ['Tag', 'TagAndHEAD', false],
  ['TagAndHEAD', 'HEAD', true],
  ['TagAndHEAD', 'Tag', true],
] as const) {
  test(`${recorded ?? 'nothing'} ${want ? 'covers' : 'does not cover'} ${wanted}`, () =>
    assert.equal(coversMode(recorded, wanted), want));
}

function repository(name: string, spec: object, status: object = {}): GitRepository {
  return asGitRepository({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace: 'ns' },
    spec: { url: 'http://x', interval: '1m', ...spec },
    status,
  });
}

test('verificationMode reads the old spelling, and HEAD for none', () => {
  const secretRef = { name: 'x' };
  assert.equal(verificationMode(repository('a', {})), undefined);
  assert.equal(verificationMode(repository('a', { verify: { secretRef } })), 'HEAD');
  assert.equal(verificationMode(repository('a', { verify: { mode: 'head', secretRef } })), 'HEAD');
  assert.equal(verificationMode(repository('a', { verify: { mode: 'Tag', secretRef } })), 'Tag');
});

test('only those are woken that include another artifact than there is now', () => {
  const stored = (digest: string): object => ({
    artifact: { digest, path: '', url: '', revision: 'main@sha1:1', lastUpdateTime: '' },
  });
  const inner = repository('inner', {}, stored('sha256:1'));
  const include = [{ repository: { name: 'inner' } }];
  const { artifact } = inner.status ?? {};
  const used = { includedArtifacts: [artifact] };
  assert.equal(isOutdatedBy(repository('outer', { include }), inner), true);
  assert.equal(isOutdatedBy(repository('outer', { include }, used), inner), false);
  assert.equal(isOutdatedBy(repository('outer', { include }, used), repository('inner', {}, stored('sha256:2'))), true);
  assert.equal(isOutdatedBy(repository('outer', { include }), repository('inner', {})), false);
  assert.equal(isOutdatedBy(repository('outer', {}), inner), false);
  assert.equal(isOutdatedBy(repository('outer', { include }), repository('else', {}, stored('x'))), false);
});

test('what was verified counts for one revision and one set of keys', () => {
  const seen = new VerifiedRevisions();
  const keys = { keyRings: ['a'], authorizedKeys: [] };
  seen.add('uid', 'r', keys);
  assert.equal(seen.has('uid', 'r', keys), true);
  assert.equal(seen.has('uid', 'r', { ...keys, keyRings: [] }), false);
  assert.equal(seen.has('uid', 's', keys), false);
  seen.forget('uid');
  assert.equal(seen.has('uid', 'r', keys), false);
});
