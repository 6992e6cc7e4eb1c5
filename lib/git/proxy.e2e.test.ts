import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { deadline } from '#concurrency';
import { makeSshKey, startGitServer, startProxyServer, startSshServer } from '#test-kit';
import { resolveReference } from './checkout.ts';
import type { HttpOptions } from './http-connection.ts';
import { openTunnel } from './proxy.ts';
import { openHttpRemote, openSshRemote } from './remote.ts';
import { readSshIdentity } from './ssh/identity.ts';
import { KnownHosts } from './ssh/known-hosts.ts';

async function head(options: HttpOptions): Promise<string> {
  using timer = deadline(10_000);
  await using remote = openHttpRemote(options, { dir: tmpdir() });
  return (await resolveReference(remote, { branch: 'main' }, timer.signal)).commit;
}

const auth = { username: 'me', password: 'pa55word' };

for (const kind of ['http', 'https', 'socks5'] as const) {
  for (const tls of [false, true]) {
    test(`${tls ? 'https' : 'http'} goes through a proxy over ${kind}, with its password`, async () => {
      await using server = await startGitServer({ tls });
      await using proxy = await startProxyServer({ kind, auth });
      const commit = await server.createRepository('repo', { a: '1' });
      const ca = [server.ca, proxy.ca].filter((pem) => pem !== undefined).join('\n');
      const options = { url: server.repositoryUrl('repo'), ...(ca !== '' && { tls: { ca } }) };
      assert.equal(await head({ ...options, proxy: { address: proxy.url, ...auth } }), commit);
      const host = new URL(server.url).host;
      if (tls || kind === 'socks5') assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${host}`]);
      else assert.match(proxy.asked[0] ?? '', new RegExp(`^GET http://${host}/repo.git/info/refs`));
      const count = proxy.asked.length;
      await assert.rejects(
        head({ ...options, proxy: { address: proxy.url, username: 'me', password: 'wr0ng' } }),
        (e) => {
          assert.ok(e instanceof Error);
          assert.doesNotMatch(e.message, /wr0ng|pa55word/);
          return true;
        },
      );
      assert.equal(proxy.asked.length, count);
    });
  }

  if (kind === 'https') continue; // the tunnel of SSH trusts public authorities only
  test(`ssh goes through a proxy over ${kind}`, async () => {
    await using server = await startGitServer();
    const commit = await server.createRepository('repo', { a: '1' });
    const key = makeSshKey('ed25519');
    await using ssh = await startSshServer({ dir: server.dir, authorizedKeys: [key.publicKey] });
    await using proxy = await startProxyServer({ kind, auth });
    await using remote = openSshRemote(
      {
        url: ssh.repositoryUrl('repo'),
        identity: await readSshIdentity(key.privateKey, undefined),
        knownHosts: new KnownHosts(ssh.knownHosts),
        tunnel: openTunnel({ address: proxy.url, ...auth }),
      },
      { dir: tmpdir() },
    );
    using timer = deadline(10_000);
    assert.equal((await resolveReference(remote, { branch: 'main' }, timer.signal)).commit, commit);
    assert.deepEqual(proxy.asked, [`CONNECT 127.0.0.1:${ssh.port}`]);
  });
}

test('a proxy that is away is named', async () => {
  await assert.rejects(head({ url: 'https://git.invalid/x', proxy: { address: 'http://127.0.0.1:1' } }), {
    code: 'unreachable',
    message: /connection refused$/,
  });
});

test('a client certificate opens a server that asks for one', async () => {
  await using server = await startGitServer({ clientCertificate: 'required' });
  const commit = await server.createRepository('repo', { a: '1' });
  const url = server.repositoryUrl('repo');
  assert.equal(await head({ url, tls: { ca: server.ca, ...server.client } }), commit);
  await assert.rejects(head({ url, tls: { ca: server.ca } }), { code: 'unreachable' });
});
