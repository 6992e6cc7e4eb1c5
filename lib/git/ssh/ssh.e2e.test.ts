import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { deadline } from '#concurrency';
import {
  type GitServer,
  knownHostsLine,
  makeSshKey,
  type SshServer,
  type SshServerOptions,
  sshdPath,
  startGitServer,
  startSshServer,
} from '#test-kit';
import { checkOut, type Reference, resolveReference } from '../checkout.ts';
import { openSshRemote } from '../remote.ts';
import { checkoutEntries } from '../source-entries.ts';
import { treeFiles } from '../tree-files.ts';
import { readSshIdentity } from './identity.ts';
import { KnownHosts } from './known-hosts.ts';
import type { SshOptions } from './ssh-connection.ts';

type Given = Partial<Omit<SshOptions, 'identity' | 'knownHosts'>> & {
  readonly url: string;
  readonly identity: string;
  readonly passphrase?: string;
  readonly knownHosts: string;
  readonly timeoutMs?: number;
};

async function read(given: Given, reference: Reference = { branch: 'main' }): Promise<string> {
  using timer = deadline(given.timeoutMs ?? 20_000);
  const dir = await mkdtemp(`${tmpdir()}/git-`);
  try {
    const identity = await readSshIdentity(given.identity, given.passphrase);
    const { url, tunnel, kexAlgorithms, hostKeyAlgorithms } = given;
    const knownHosts = new KnownHosts(given.knownHosts);
    const options = { url, identity, knownHosts, tunnel, kexAlgorithms, hostKeyAlgorithms };
    await using remote = openSshRemote(options, { dir });
    const target = await resolveReference(remote, reference, timer.signal);
    using checkout = await checkOut(remote, reference, target, timer.signal);
    const files: string[] = [target.revision];
    for await (const file of treeFiles(checkoutEntries(checkout), undefined)) {
      if (file.kind === 'folder') continue;
      const content = file.content instanceof Uint8Array ? Buffer.from(file.content) : await buffer(file.content);
      files.push(`${file.path.join('/')}=${content.length > 20 ? content.length : content.toString()}`);
    }
    return files.join(' ');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Setup {
  readonly git: GitServer;
  readonly ssh: SshServer;
  readonly first: string;
  readonly url: string;
}

const user = makeSshKey('ed25519');

async function withServer(
  work: (setup: Setup) => Promise<void>,
  options: Partial<SshServerOptions> = {},
): Promise<void> {
  await using git = await startGitServer();
  const first = await git.createRepository('repo', { a: '1', 'dir/b': '2' });
  await using ssh = await startSshServer({ dir: git.dir, authorizedKeys: [user.publicKey], ...options });
  await work({ git, ssh, first, url: ssh.repositoryUrl('repo') });
}

const servers: readonly { readonly name: string; readonly options: Partial<SshServerOptions> }[] = [
  { name: 'protocol 2', options: {} },
  { name: 'protocol 0', options: { oldProtocol: true } },
  ...(sshdPath() === undefined
    ? []
    : [
        { name: "OpenSSH's sshd", options: { sshd: true } },
        { name: "OpenSSH's sshd with protocol 0", options: { sshd: true, oldProtocol: true } },
      ]),
];

for (const { name, options } of servers) {
  test(`a repository is read over ssh with ${name}`, () =>
    withServer(async ({ git, ssh, first, url }) => {
      const given = { url, identity: user.privateKey, knownHosts: ssh.knownHosts };
      assert.equal(await read(given), `main@sha1:${first} a=1 dir/b=2`);
      if (options.sshd !== true) assert.equal(ssh.connections, 1);
      const second = await git.commit('repo', { big: 'x'.repeat(3_000_000) }, 'Second');
      assert.equal(await read(given), `main@sha1:${second} a=1 big=3000000 dir/b=2`);
      assert.equal(await read(given, { commit: first, branch: 'main' }), `main@sha1:${first} a=1 dir/b=2`);
      await git.tag('repo', 'v1.0.0', { ref: first, message: 'one' });
      assert.equal(await read(given, { semver: '1.x' }), `v1.0.0@sha1:${first} a=1 dir/b=2`);
      await assert.rejects(read(given, { commit: '1'.repeat(40) }), { code: 'objectNotFound' });
    }, options));
}

for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) {
  for (const form of ['openssh', 'pkcs8'] as const) {
    for (const passphrase of [undefined, 'pass phrase']) {
      test(`${type} keys in ${form} form ${passphrase === undefined ? 'without' : 'with'} passphrase log in`, async () => {
        const key = makeSshKey(type, { form, ...(passphrase !== undefined && { passphrase }) });
        await withServer(
          async ({ ssh, first, url }) => {
            const given = { url, identity: key.privateKey, knownHosts: ssh.knownHosts };
            const result = await read(passphrase === undefined ? given : { ...given, passphrase });
            assert.match(result, new RegExp(first));
            if (passphrase === undefined) return;
            await assert.rejects(read(given), /'identity' is encrypted, expected its passphrase as 'password'/);
            await assert.rejects(read({ ...given, passphrase: 'no' }), /'identity' cannot be decrypted/);
          },
          { authorizedKeys: [key.publicKey], hostKeyTypes: [type] },
        );
      });
    }
  }
}

test('a host is trusted only with a key that is known of it', () =>
  withServer(async ({ ssh, first, url }) => {
    const [ed25519, , rsa] = ssh.hostKeys;
    assert.ok(ed25519 !== undefined && rsa !== undefined);
    const other = makeSshKey('ed25519').publicKey;
    const line = (key: string, port = ssh.port): string => knownHostsLine('127.0.0.1', port, key);
    const unknown = /^unable to clone 'ssh:.*': ssh: handshake failed: knownhosts: key is unknown$/;
    const mismatch = /^unable to clone 'ssh:.*': ssh: handshake failed: knownhosts: key mismatch$/;
    for (const c of [
      { knownHosts: line(rsa.publicKey), hostKey: 'rsa-sha2-512' },
      { knownHosts: knownHostsLine('127.0.0.1', ssh.port, ed25519.publicKey, { hashed: true }) },
      { knownHosts: `# comment\n\n${line(other)}\n${line(ed25519.publicKey)} a comment\n` },
      { knownHosts: line(ed25519.publicKey, 22), refused: unknown },
      { knownHosts: '', refused: unknown },
      { knownHosts: line(other), refused: mismatch },
      {
        knownHosts: `${ssh.knownHosts}\n@revoked * ${ed25519.publicKey}`,
        refused: /knownhosts: key is revoked$/,
      },
      { knownHosts: `@cert-authority * ${ed25519.publicKey}`, refused: /key is unknown \(certificates of hosts/ },
    ]) {
      const attempt = read({ url, identity: user.privateKey, knownHosts: c.knownHosts });
      if (c.refused === undefined) assert.match(await attempt, new RegExp(first));
      else await assert.rejects(attempt, { message: c.refused });
      if (c.hostKey !== undefined) assert.equal(ssh.negotiated?.hostKey, c.hostKey);
    }
  }));

test('the algorithms that are asked for are used', () =>
  withServer(async ({ ssh, url }) => {
    const given = { url, identity: user.privateKey, knownHosts: ssh.knownHosts };
    await read({ ...given, kexAlgorithms: ['ecdh-sha2-nistp384'], hostKeyAlgorithms: ['rsa-sha2-256'] });
    assert.deepEqual(ssh.negotiated, { kex: 'ecdh-sha2-nistp384', hostKey: 'rsa-sha2-256' });
    await assert.rejects(read({ ...given, kexAlgorithms: ['diffie-hellman-group1-sha1'] }), {
      message: /ssh: handshake failed: ssh: no common algorithm for key exchange$/,
    });
  }));

test('failures say what is wrong', () =>
  withServer(async ({ git, ssh, url }) => {
    const given = { url, identity: user.privateKey, knownHosts: ssh.knownHosts };
    await assert.rejects(read({ ...given, identity: makeSshKey('ed25519').privateKey }), {
      code: 'authenticationRequired',
      message:
        `unable to clone '${url}': ssh: handshake failed: ssh: unable to authenticate, ` +
        'attempted methods [none publickey], no supported methods remain',
    });
    const missing = ssh.repositoryUrl('missing');
    await assert.rejects(read({ ...given, url: missing }), {
      code: 'repositoryNotFound',
      message: `unable to clone '${missing}': repository not found`,
    });
    await assert.rejects(read(given, { branch: 'x' }), {
      message: `unable to clone '${url}': couldn't find remote ref "refs/heads/x"`,
    });
    await git.createRepository('blank');
    await assert.rejects(read({ ...given, url: ssh.repositoryUrl('blank') }), { code: 'emptyRepository' });
    await assert.rejects(read({ ...given, url: `ssh://127.0.0.1:1/x` }), {
      code: 'unreachable',
      message: `unable to clone 'ssh://127.0.0.1:1/x': dial tcp 127.0.0.1:1: connect: connection refused`,
    });
    const tunnel = async (): Promise<import('node:net').Socket> => connect({ host: '127.0.0.1', port: silentPort });
    await using silent = await silentServer();
    const silentPort = silent.port;
    await assert.rejects(read({ ...given, tunnel, timeoutMs: 200 }), { code: 'timeout', message: /deadline exceeded/ });
  }));

async function silentServer(): Promise<AsyncDisposable & { readonly port: number }> {
  const { createServer } = await import('node:net');
  const server = createServer(() => undefined).unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
