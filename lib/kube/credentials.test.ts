import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { CredentialSource, loadKubeConfig } from './credentials.ts';

const foreign = (user: object, cluster: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster: { server: 'https://k:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
  });

test('a foreign kubeconfig runs no command, reads no file and skips no check', () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'rm' };
  const user = {
    exec,
    token: 't',
    tokenFile: '/etc/passwd',
    'token-file': '/etc/passwd',
    'client-key': '/k',
    'client-certificate': '/c',
  };
  const cluster = { 'certificate-authority': '/ca', 'insecure-skip-tls-verify': true };
  const config = loadKubeConfig({ kubeconfig: foreign(user, cluster) });
  const { exec: run, token, keyFile, certFile, authProvider } = config.getCurrentUser() ?? { name: '' };
  assert.deepEqual([run, token, keyFile, certFile, authProvider], [undefined, 't', undefined, undefined, undefined]);
  assert.deepEqual([config.getCurrentCluster()?.caFile, config.getCurrentCluster()?.skipTLSVerify], [undefined, false]);
});

test('what is allowed in a foreign kubeconfig stays', () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'token' };
  const access = {
    kubeconfig: foreign({ exec }, { 'insecure-skip-tls-verify': true }),
    allowExec: true,
    allowInsecureTls: true,
  };
  const config = loadKubeConfig(access);
  assert.deepEqual([config.getCurrentUser()?.exec, config.getCurrentCluster()?.skipTLSVerify], [exec, true]);
});

test('text that is no kubeconfig is told, and a context without a cluster', () => {
  assert.throws(() => loadKubeConfig({ kubeconfig: 'just text' }), /cannot read the kubeconfig: expected a map/);
  const config = loadKubeConfig({ kubeconfig: foreign({}), context: 'other' });
  assert.throws(() => new CredentialSource(config), /no cluster for its current context "other"/);
});

test('credentials become headers and TLS settings, once a minute', async () => {
  let now = 0;
  const config = new KubeConfig();
  config.loadFromString(
    foreign(
      { username: 'a', password: 'b', as: 'c' },
      { 'certificate-authority-data': 'Q0E=', 'tls-server-name': 'n' },
    ),
  );
  const source = new CredentialSource(config, () => now);
  assert.equal(source.server, 'https://k:6443');
  assert.equal(source.fresh(), undefined);
  const first = await source.get();
  assert.deepEqual(first, {
    tls: { ca: 'CA', servername: 'n' },
    headers: { authorization: 'Basic YTpi', 'impersonate-user': 'c' },
  });
  now = 59_000;
  assert.equal(source.fresh(), first);
  now = 60_000;
  assert.equal(source.fresh(), undefined);
});

test('the CA counts for a context without a user too', async () => {
  const config = new KubeConfig();
  config.loadFromString(foreign({}, { 'certificate-authority-data': 'Q0E=' }));
  config.users = [];
  assert.deepEqual(await new CredentialSource(config).get(), { tls: { ca: 'CA' }, headers: {} });
});
