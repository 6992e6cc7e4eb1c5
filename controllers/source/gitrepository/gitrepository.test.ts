import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Artifact, asGitRepository } from '#crds';
import { parseListenAddress } from '../build-program.ts';
import { authOptions } from './auth-options.ts';
import { shortMessage } from './report.ts';
import { canCompareHeads, canonicalRevision, isUpToDate } from './up-to-date.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const artifact: Artifact = {
  digest: 'sha256:0',
  path: 'p',
  url: 'u',
  revision: `main@sha1:${commit}`,
  lastUpdateTime: '',
};

for (const c of [
  { name: 'the same revision and inputs', spec: {}, status: {}, want: true },
  { name: 'an ignore text that is new', spec: { ignore: 'x' }, status: {}, want: false },
  { name: 'an ignore text that is gone', spec: {}, status: { observedIgnore: 'x' }, want: false },
  { name: 'an ignore text that became empty', spec: { ignore: '' }, status: {}, want: false },
  { name: 'the same ignore text', spec: { ignore: 'x' }, status: { observedIgnore: 'x' }, want: true },
  { name: 'submodules of before', spec: {}, status: { observedRecurseSubmodules: true }, want: false },
  { name: 'a sparse checkout of before', spec: {}, status: { observedSparseCheckout: ['a'] }, want: false },
  { name: 'includes of before', spec: {}, status: { includedArtifacts: [artifact] }, want: false },
  { name: 'an empty list for none', spec: { include: [] }, status: {}, want: true },
]) {
  test(`isUpToDate with ${c.name} is ${c.want}`, () => {
    const repository = asGitRepository({
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata: { name: 'x' },
      spec: { url: 'http://x', interval: '1m', ...c.spec },
      status: c.status,
    });
    assert.equal(isUpToDate(repository, artifact, { revision: `main@sha1:${commit}` }), c.want);
    assert.equal(isUpToDate(repository, artifact, { revision: `dev@sha1:${commit}` }), false);
  });
}

test('canonicalRevision reads the form of before', () => {
  assert.equal(canonicalRevision(`feature/x/${commit}`), `feature/x@sha1:${commit}`);
  assert.equal(canonicalRevision(`feature/x@sha1:${commit}`), `feature/x@sha1:${commit}`);
});

for (const [ref, want] of [
  [undefined, true],
  [{ branch: 'x' }, true],
  [{ tag: 'x', semver: '1.x' }, true],
  [{ name: 'refs/x', semver: '1.x' }, true],
  [{ semver: '1.x', branch: 'x' }, false],
  [{ commit, branch: 'x' }, false],
] as const) {
  test(`the heads of ${JSON.stringify(ref)} ${want ? 'say' : 'do not say'} whether something is new`, () => {
    assert.equal(canCompareHeads(ref === undefined ? {} : { ref }), want);
  });
}

test('shortMessage cuts the subject after 50 characters', () => {
  assert.equal(shortMessage('Subject\n\nBody'), 'Subject');
  assert.equal(shortMessage('ü'.repeat(50)), 'ü'.repeat(50));
  assert.equal(shortMessage('ü'.repeat(51)), `${'ü'.repeat(50)}...`);
});

const plain = new URL('https://git.example/x');

for (const c of [
  { name: 'nothing', data: {}, want: {} },
  {
    name: 'user and password',
    data: { username: 'u', password: 'p' },
    want: { credentials: { kind: 'basic', username: 'u', password: 'p' } },
  },
  {
    name: 'a bearer token over a password',
    data: { username: 'u', password: 'p', bearerToken: 't\n' },
    want: { credentials: { kind: 'bearer', token: 't' } },
  },
]) {
  test(`authOptions takes ${c.name}`, () => assert.deepEqual(authOptions(c.data, plain), c.want));
}

test('authOptions lets the URL name the user', () => {
  const url = new URL('https://me@git.example/x');
  assert.deepEqual(authOptions({ password: 'p' }, url), {
    credentials: { kind: 'basic', username: '', password: 'p' },
  });
});

for (const c of [
  {
    name: 'a password without a user',
    data: { password: 's3cr3t' },
    message: "invalid 'http' auth option: 'password' requires 'username' to be set",
  },
  {
    name: 'a certificate without its key',
    data: { 'tls.crt': 's3cr3t' },
    message: "invalid 'tls' auth option: 'tls.crt' and 'tls.key' must be set together",
  },
  {
    name: 'a CA that is none',
    data: { 'ca.crt': 's3cr3t' },
    message: "invalid 'tls' auth option: 'ca.crt' holds no certificate",
  },
  {
    name: 'a key that is none',
    data: { 'tls.crt': 's3cr3t', 'tls.key': 's3cr3t' },
    message: "invalid 'tls' auth option: the certificates or the key cannot be read",
  },
]) {
  test(`authOptions refuses ${c.name} without quoting it`, () =>
    assert.throws(() => authOptions(c.data, plain), { message: c.message }));
}

for (const [text, want] of [
  [':9090', { host: '', port: 9090 }],
  ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
] as const) {
  test(`parseListenAddress of ${text}`, () => assert.deepEqual(parseListenAddress(text), want));
}

for (const text of ['', '9090', 'host', 'host:', 'host:x', ':99999']) {
  test(`parseListenAddress refuses "${text}"`, () =>
    assert.throws(() => parseListenAddress(text), /cannot use --storage-addr/));
}
