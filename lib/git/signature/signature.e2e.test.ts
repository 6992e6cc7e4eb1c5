import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { deadline } from '#concurrency';
import {
  gpgSigner,
  git,
  hasProgram,
  pgpSigner,
  signCommit,
  type Signer,
  signTag,
  sshKeygenSigner,
  sshSigner,
  startGitServer,
} from '#test-kit';
import { checkOut, type Reference, resolveReference } from '../checkout.ts';
import { openHttpRemote } from '../remote.ts';
import { verifyCommit, verifyTag } from '../verify-checkout.ts';
import { readTrustedKeys } from './verify.ts';

async function verified(
  url: string,
  reference: Reference,
  trusted: Readonly<Record<string, string>>,
): Promise<{ readonly commit: () => Promise<string>; readonly tag: () => Promise<string | undefined> }> {
  using timer = deadline(20_000);
  await using remote = openHttpRemote({ url }, { dir: tmpdir() });
  const target = await resolveReference(remote, reference, timer.signal);
  const checkout = await checkOut(remote, reference, target, timer.signal, { withoutTrees: true });
  const keys = readTrustedKeys(trusted);
  return { commit: () => verifyCommit(checkout, keys), tag: () => verifyTag(checkout, keys) };
}

const signers: readonly { readonly name: string; readonly make: () => Promise<Signer> }[] = [
  { name: 'openpgp.js', make: pgpSigner },
  ...(['ed25519', 'ecdsa', 'rsa'] as const).map((type) => ({
    name: `an SSH ${type} key`,
    make: async () => sshSigner(type),
  })),
  ...(hasProgram('gpg') ? [{ name: 'gpg', make: gpgSigner }] : []),
  ...(hasProgram('ssh-keygen')
    ? (['ed25519', 'ecdsa', 'rsa'] as const).map((type) => ({
        name: `ssh-keygen with ${type}`,
        make: () => sshKeygenSigner(type),
      }))
    : []),
];

for (const { name, make } of signers) {
  test(`commits and tags signed with ${name} are verified`, async () => {
    await using server = await startGitServer();
    await using signer = await make();
    const other = name.includes('SSH') || name.includes('ssh') ? sshSigner('ed25519') : await pgpSigner();
    await server.createRepository('repo', { a: '1' });
    await server.commit('repo', { a: '2' }, 'Zweiter: ü €\n\nBody\n\n');
    const path = server.repositoryPath('repo');
    const commit = await signCommit(path, 'main', signer);
    await signTag(path, 'v1.0.0', { commit, signer });
    await signTag(path, 'v1.0.0', { commit, signer, ref: 'v2.0.0' });
    const url = server.repositoryUrl('repo');

    const right = await verified(url, { tag: 'v1.0.0' }, signer.trusted);
    assert.equal(await right.commit(), signer.keyName);
    assert.equal(await right.tag(), signer.keyName);
    const both = await verified(url, { semver: '1.x' }, { ...signer.trusted, ...renamed(other.trusted) });
    assert.equal(await both.commit(), signer.keyName);
    const wrong = await verified(url, { tag: 'v1.0.0' }, other.trusted);
    await assert.rejects(wrong.commit(), /^Error: unable to verify payload with any of the given/);
    await assert.rejects(wrong.tag(), /^Error: unable to verify payload with any of the given/);
    await assert.rejects((await verified(url, { tag: 'v2.0.0' }, signer.trusted)).tag(), {
      message: "the signature is for tag 'v1.0.0', expected 'v2.0.0'",
    });

    await forge(path, commit);
    const forged = await verified(url, { branch: 'forged' }, signer.trusted);
    await assert.rejects(forged.commit(), /^Error: unable to verify payload with any of the given/);
  });
}

function renamed(trusted: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(trusted).map(([key, value]) => [`other-${key}`, value]));
}

/** A commit with the signature of another one. */
async function forge(path: string, commit: string): Promise<void> {
  const text = `${await git(path, ['cat-file', 'commit', commit])}\n`.replace('Zweiter', 'Anderer');
  const oid = await git(path, ['hash-object', '-t', 'commit', '-w', '--stdin'], { input: text });
  await git(path, ['update-ref', 'refs/heads/forged', oid]);
}

test('commits and tags without a signature, or with one for something else, are refused', async () => {
  await using server = await startGitServer();
  await server.createRepository('repo', { a: '1' });
  await server.tag('repo', 'annotated', { message: 'x' });
  await server.tag('repo', 'light');
  const url = server.repositoryUrl('repo');
  const signer = sshSigner('ed25519', 'file');
  for (const tag of ['annotated', 'light']) {
    const unsigned = await verified(url, { tag }, signer.trusted);
    await assert.rejects(unsigned.commit(), { message: 'unable to verify payload as the provided signature is empty' });
    assert.equal(await unsigned.tag(), undefined);
  }
  await signCommit(server.repositoryPath('repo'), 'main', signer);
  await assert.rejects((await verified(url, { branch: 'main' }, signer.trusted)).commit(), {
    message: 'the signature is for "file", expected "git"',
  });
});

test('what git itself signs is verified', { skip: !hasProgram('gpg') && 'there is no gpg' }, async () => {
  await using server = await startGitServer();
  await using signer = await gpgSigner();
  await server.createRepository('repo', { a: '1' });
  const path = server.repositoryPath('repo');
  const home = signer.home ?? '';
  const env = { GNUPGHOME: home };
  const commit = await git(path, ['commit-tree', '-Ssigner@example.test', '-m', 'Signed by git', 'main^{tree}'], {
    env,
  });
  await git(path, ['tag', '-s', '-u', 'signer@example.test', '-m', 'One', 'v1', commit], { env });
  const result = await verified(server.repositoryUrl('repo'), { tag: 'v1' }, signer.trusted);
  assert.equal(await result.commit(), signer.keyName);
  assert.equal(await result.tag(), signer.keyName);
});
