import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as openpgp from 'openpgp';
import ssh2 from 'ssh2';
import { git } from './git-repository.ts';
import { makeSshKey, type SshKeyType } from './ssh-keys.ts';

/** Someone with a key who signs commits and tags. */
export interface Signer extends AsyncDisposable {
  /** What a controller calls the key. */
  readonly keyName: string;
  /** Data of a Secret that trusts the key. */
  readonly trusted: Readonly<Record<string, string>>;
  /** `GNUPGHOME` of gpg. */
  readonly home?: string;
  /** An armoured signature. */
  sign(payload: Buffer): Promise<string>;
}

/** Whether a program is installed. */
export function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** PGP by openpgp.js. */
export async function pgpSigner(): Promise<Signer> {
  const { privateKey, publicKey } = await openpgp.generateKey({
    userIDs: [{ name: 'Signer', email: 'signer@example.test' }],
    format: 'object',
  });
  return {
    keyName: publicKey.getKeyID().toHex().toUpperCase(),
    trusted: { 'signer.asc': publicKey.armor() },
    async sign(payload) {
      const message = await openpgp.createMessage({ binary: payload });
      return await openpgp.sign({ message, signingKeys: privateKey, detached: true });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** PGP by the real `gpg`, with a key that signs through a subkey. */
export async function gpgSigner(): Promise<Signer> {
  const home = await mkdtemp(join(tmpdir(), 'gpg-'));
  const gpg = (args: readonly string[], input?: Buffer): Promise<string> =>
    run('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...args], input);
  await gpg(['--quick-generate-key', 'Signer <signer@example.test>', 'rsa2048', 'cert', 'never']);
  const listing = await gpg(['--list-keys', '--with-colons']);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? '';
  await gpg(['--quick-add-key', fingerprint, 'ed25519', 'sign', 'never']);
  return {
    home,
    keyName: fingerprint.slice(-16),
    trusted: { 'signer.asc': await gpg(['--armor', '--export']) },
    sign: (payload) => gpg(['--armor', '--detach-sign'], payload),
    async [Symbol.asyncDispose]() {
      await run('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']).catch(() => undefined);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** SSH by the real `ssh-keygen -Y sign`. */
export async function sshKeygenSigner(type: SshKeyType): Promise<Signer> {
  const dir = await mkdtemp(join(tmpdir(), 'ssh-keygen-'));
  const path = join(dir, 'key');
  await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'signer', '-f', path]);
  const publicKey = await run('ssh-keygen', ['-y', '-f', path]);
  return {
    keyName: fingerprintOf(publicKey),
    trusted: { 'signer.sshpub': publicKey },
    sign: (payload) => run('ssh-keygen', ['-Y', 'sign', '-n', 'git', '-f', path], payload),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** SSH without any program (OpenSSH's PROTOCOL.sshsig). */
export function sshSigner(type: SshKeyType, namespace: string = 'git'): Signer {
  const pair = makeSshKey(type);
  const parsed = ssh2.utils.parseKey(pair.privateKey);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error) throw new Error('cannot read the key that was just made');
  return {
    keyName: fingerprintOf(pair.publicKey),
    trusted: { 'signer.sshpub': pair.publicKey },
    async sign(payload) {
      const hash = createHash('sha512').update(payload).digest();
      const fields = [field(namespace), field(''), field('sha512')];
      const message = Buffer.concat([Buffer.from('SSHSIG'), ...fields, field(hash)]);
      const name = type === 'rsa' ? 'rsa-sha2-512' : type === 'ecdsa' ? 'ecdsa-sha2-nistp256' : 'ssh-ed25519';
      const value = key.sign(message, type === 'rsa' ? 'sha512' : undefined);
      const signature = Buffer.concat([field(name), field(type === 'ecdsa' ? ecdsaFields(value) : value)]);
      const bytes = Buffer.concat([
        Buffer.from('SSHSIG'),
        Buffer.from([0, 0, 0, 1]),
        field(key.getPublicSSH()),
        ...fields,
        field(signature),
      ]);
      const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
      return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** DER's two integers as SSH writes them. */
function ecdsaFields(der: Buffer): Buffer {
  const length = der.readUInt8(3);
  const second = 4 + length;
  return Buffer.concat([
    field(der.subarray(4, second)),
    field(der.subarray(second + 2, second + 2 + der.readUInt8(second + 1))),
  ]);
}

/** Puts a signature into the commit at the tip of a branch, as `git commit -S` does. @returns the new commit */
export async function signCommit(path: string, branch: string, signer: Signer): Promise<string> {
  const payload = `${await git(path, ['cat-file', 'commit', branch])}\n`;
  const signature = (await signer.sign(Buffer.from(payload))).trimEnd().replaceAll('\n', '\n ');
  const end = payload.indexOf('\n\n');
  const signed = `${payload.slice(0, end)}\ngpgsig ${signature}${payload.slice(end)}`;
  const oid = await git(path, ['hash-object', '-t', 'commit', '-w', '--stdin'], { input: signed });
  await git(path, ['update-ref', `refs/heads/${branch}`, oid]);
  return oid;
}

/** Makes an annotated tag with a signature, as `git tag -s` does. @returns the tag object */
export async function signTag(
  path: string,
  name: string,
  options: { readonly commit: string; readonly signer: Signer; readonly ref?: string },
): Promise<string> {
  const tagger = 'tagger Signer <signer@example.test> 1700000000 +0000';
  const payload = `object ${options.commit}\ntype commit\ntag ${name}\n${tagger}\n\nRelease\n`;
  const signed = payload + (await options.signer.sign(Buffer.from(payload)));
  const oid = await git(path, ['hash-object', '-t', 'tag', '-w', '--stdin'], { input: signed });
  await git(path, ['update-ref', `refs/tags/${options.ref ?? name}`, oid]);
  return oid;
}

function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function run(program: string, args: readonly string[], input?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`${program} ended with ${code}: ${stderr.trim()}`)),
    );
  });
}
