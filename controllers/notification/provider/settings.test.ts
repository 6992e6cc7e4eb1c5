import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Provider, ProviderSpec } from '#crds';
import { maskSecrets } from './mask.ts';
import { ProviderConfigError } from './notifier.ts';
import { providerSettings, type ReadProvider } from './settings.ts';

const named = { name: 's' };

interface Secrets {
  readonly auth?: Record<string, string>;
  readonly cert?: Record<string, string>;
  readonly proxy?: Record<string, string>;
}

function read(spec: Partial<ProviderSpec>, { auth = {}, cert = {}, proxy = {} }: Secrets = {}): ReadProvider {
  const provider: Provider = {
    apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
    kind: 'Provider',
    metadata: { name: 'p', namespace: 'apps', uid: 'u' },
    spec: { type: 'generic', ...spec },
  };
  const data = (fields: Record<string, string>): ReadonlyMap<string, Buffer> =>
    new Map(Object.entries(fields).map(([key, value]) => [key, Buffer.from(value)]));
  return providerSettings(provider, { auth: data(auth), cert: data(cert), proxy: data(proxy) });
}

test('the address of the Secret wins and is trimmed, the token is not', () => {
  const { settings } = read({ address: 'https://a' }, { auth: { address: ' https://b\n', token: 'tok\n' } });
  assert.equal(settings.address, 'https://b');
  assert.equal(settings.token, 'tok\n');
});

for (const c of [
  { name: 'both', auth: { username: 'u', password: 'p', token: 't' }, want: ['u', 'p', 't'] },
  { name: 'neither', auth: { token: 't' }, want: ['spec', '', 't'] },
  { name: 'a username alone drops all', auth: { username: 'u', token: 't' }, want: ['spec', '', ''] },
  { name: 'a password alone drops all', auth: { password: 'p', token: 't' }, want: ['spec', '', ''] },
]) {
  test(`credentials: ${c.name}`, () => {
    const { username, password, token } = read({ username: 'spec' }, { auth: c.auth }).settings;
    assert.deepEqual([username, password, token], c.want);
  });
}

test('headers are a YAML map, for the types that take them', () => {
  const auth = { headers: 'Authorization: Bearer x\nX-Count: 3\n' };
  assert.deepEqual(read({}, { auth }).settings.headers, { Authorization: 'Bearer x', 'X-Count': '3' });
  assert.deepEqual(read({ type: 'slack' }, { auth }).settings.headers, {});
});

for (const headers of ['- a', 'text', 'Authorization: "Bearer s3cr3t\n  x: [', '*s3cr3t']) {
  test(`headers ${JSON.stringify(headers)} are refused without being quoted`, () => {
    assert.throws(
      () => read({}, { auth: { headers } }),
      (error: Error) => error instanceof ProviderConfigError && !error.message.includes('s3cr3t'),
    );
  });
}

test('TLS: from certSecretRef, and for Git hosts from secretRef too', () => {
  const pem = { 'ca.crt': 'CA', 'tls.crt': 'C', 'tls.key': 'K' };
  const certificate = { cert: 'C', key: 'K' };
  assert.deepEqual(read({ certSecretRef: named }, { cert: pem }).http, { ca: 'CA', certificate, proxy: undefined });
  assert.equal(read({ type: 'slack' }, { auth: pem }).http.ca, undefined);
  assert.equal(read({ type: 'github' }, { auth: pem }).http.ca, 'CA');
  assert.equal(read({ type: 'github', certSecretRef: named }, { auth: pem, cert: { 'ca.crt': 'B' } }).http.ca, 'B');
  assert.throws(() => read({ certSecretRef: named }, { cert: { 'tls.crt': 'C' } }), ProviderConfigError);
});

test('proxy: proxySecretRef, then the Secret, then the field', () => {
  const proxy = { address: 'http://proxy:3128', username: 'u', password: 'p@ss' };
  const auth = { proxy: 'http://b:1' };
  assert.equal(
    read({ proxySecretRef: named, proxy: 'http://c:1' }, { auth, proxy }).http.proxy,
    'http://u:p%40ss@proxy:3128/',
  );
  assert.equal(read({ proxy: 'http://c:1' }, { auth }).http.proxy, 'http://b:1');
  assert.equal(read({ proxy: 'http://c:1' }).http.proxy, 'http://c:1');
  for (const address of [undefined, 'socks://x', 'proxy'])
    assert.throws(
      () => read({ proxySecretRef: named }, { proxy: address === undefined ? {} : { address } }),
      ProviderConfigError,
    );
});

const webhook = 'https://user:pa%20ss@hooks.example.com/services/T000/B000/XXXX?sig=abcd1234';
for (const c of [
  { name: 'the whole URL', text: `cannot call ${webhook}` },
  { name: 'its path', text: 'no such hook: /services/T000/B000/XXXX' },
  { name: 'its query', text: 'invalid abcd1234' },
  { name: 'its credentials', text: 'login pa%20ss' },
]) {
  test(`a webhook's address is a secret wherever it is written: ${c.name}`, () => {
    for (const { secrets } of [read({ address: webhook }), read({}, { auth: { address: `${webhook}\n` } })]) {
      assert.doesNotMatch(maskSecrets(c.text, secrets), /services|XXXX|abcd1234|pa%20ss/);
    }
  });
}

test('tokens are masked trimmed and not, header values whole, longer ones first', () => {
  const { secrets } = read({}, { auth: { token: 'tok-1234\n', password: 'tok-1234-long', headers: 'X: val-5678' } });
  assert.equal(maskSecrets('tok-1234-long tok-1234 val-5678', secrets), '***** ***** *****');
});

test('the address of a repository is no secret', () => {
  const { secrets } = read({ type: 'github', address: 'https://github.com/owner/repository' });
  assert.equal(maskSecrets('not found: /owner/repository', secrets), 'not found: /owner/repository');
});
