import assert from 'node:assert/strict';
import { execFile, execFileSync, type ExecFileSyncOptionsWithStringEncoding, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import * as openpgp from 'openpgp';
import { decrypt, type Format, formatOfPath, openKeyRing } from '#sops';
import { toolPath } from '#tools';

const documents = resolve(import.meta.dirname, '../../lib/sops/testdata/plain');
const noVault = (): undefined => undefined;
let dir: string;
let sops: string;
let keygen: string;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-sops-'));
  [sops, keygen] = [await toolPath('sops'), await toolPath('age-keygen')];
});
after(() => rmSync(dir, { recursive: true, force: true }));

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: dir, ...more };
}

function run(args: readonly string[], more?: Readonly<Record<string, string>>): Buffer {
  return execFileSync(sops, args, { env: environment(more), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Encrypts one of the documents with these arguments of sops. */
function encrypt(name: string, args: readonly string[], more?: Readonly<Record<string, string>>): Buffer {
  const format = formatOfPath(name);
  const types = ['--input-type', format, '--output-type', format];
  return run(['--config', '/dev/null', ...types, '-e', ...args, join(documents, name)], more);
}

/** What sops makes of secret.yaml when it decrypts it. */
function wanted(): string {
  return readFileSync(join(documents, '../decrypted/secret.yaml.yaml'), 'utf8');
}

interface Identity {
  readonly text: string;
  readonly recipient: string;
}

function newIdentity(...args: readonly string[]): Identity {
  const text = execFileSync(keygen, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const recipient = execFileSync(keygen, ['-y'], { input: text, encoding: 'utf8' }).trim();
  return { text, recipient };
}

async function decrypted(content: Uint8Array, format: Format, age: readonly string[]): Promise<string> {
  const ring = await openKeyRing({ age, pgp: [], vaultToken: noVault });
  return Buffer.from(await decrypt(content, ring, { input: format, output: format })).toString('latin1');
}

for (const name of ['styles.yaml', 'order-and-numbers.json', 'lines.env', 'sections.ini', 'key.bin']) {
  test(`${name}, encrypted afresh for age, is decrypted to the byte as sops does it`, async () => {
    const { text, recipient } = newIdentity();
    const content = encrypt(name, ['--age', recipient]);
    const file = join(dir, name);
    writeFileSync(file, content);
    const format = formatOfPath(name);
    const args = ['-d', '--input-type', format, '--output-type', format, file];
    const want = run(args, { SOPS_AGE_KEY: text }).toString('latin1');
    assert.equal(await decrypted(content, format, [newIdentity().text, text]), want);
  });
}

test('a post-quantum age key opens a document', async () => {
  const { text, recipient } = newIdentity('-pq');
  assert.match(recipient, /^age1pq1/);
  assert.match(await decrypted(encrypt('secret.yaml', ['--age', recipient]), 'yaml', [text]), /correct horse/);
});

for (const rule of [
  ['--encrypted-suffix', '_secret'],
  ['--unencrypted-regex', '^[a-m]'],
  ['--encrypted-comment-regex', 'head'],
  ['--unencrypted-comment-regex', 'head'],
  ['--mac-only-encrypted'],
]) {
  test(`what ${rule.join(' ')} leaves in clear is left as it is`, async () => {
    const { text, recipient } = newIdentity();
    const encrypted = run(['--config', '/dev/null', '-e', '--age', recipient, ...rule, join(documents, 'styles.yaml')]);
    const file = join(dir, 'ruled.yaml');
    writeFileSync(file, encrypted);
    const want = run(['-d', file], { SOPS_AGE_KEY: text }).toString('latin1');
    assert.equal(await decrypted(encrypted, 'yaml', [text]), want);
  });
}

for (const format of ['yaml', 'json', 'dotenv', 'ini'] as const) {
  test(`a ${format} document for several groups opens with the keys of as many as its threshold says`, async () => {
    const [a, b, c] = [newIdentity(), newIdentity(), newIdentity()];
    const groups = [a, b, c].map(({ recipient }) => `    - age: [${recipient}]`).join('\n');
    const config = join(dir, `groups-${format}.yaml`);
    writeFileSync(config, `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${groups}\n`);
    const plain = { yaml: 'flat.yaml', json: 'order-and-numbers.json', dotenv: 'lines.env', ini: 'sections.ini' }[
      format
    ];
    const types = ['--input-type', format, '--output-type', format];
    const content = run(['--config', config, ...types, '-e', join(documents, plain)]);
    const all = await decrypted(content, format, [a.text, b.text, c.text]);
    for (const pair of [
      [a, b],
      [c, a],
      [b, c],
    ]) {
      assert.equal(
        await decrypted(
          content,
          format,
          pair.map(({ text }) => text),
        ),
        all,
      );
    }
    await assert.rejects(decrypted(content, format, [b.text]), /2 of 3 parts of the data key are needed, but only 1/);
  });
}

test('a document that sops encrypts with a key ring of OpenPGP.js opens with its private key', async (t) => {
  const gpg = spawnSync('gpg', ['--version'], { encoding: 'utf8' });
  if (gpg.status !== 0) return t.skip('gpg is not installed: sops needs it to encrypt');
  const home = join(dir, 'gnupg');
  execFileSync('mkdir', ['-m', '700', home]);
  const { privateKey, publicKey } = await openpgp.generateKey({
    userIDs: [{ name: 'flux', email: 'flux@example.org' }],
    type: 'rsa',
    rsaBits: 3072,
    format: 'object',
  });
  execFileSync('gpg', ['--batch', '--import'], {
    input: publicKey.armor(),
    env: environment({ GNUPGHOME: home }),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const content = encrypt('secret.yaml', ['--pgp', publicKey.getFingerprint().toUpperCase()], { GNUPGHOME: home });
  const ring = await openKeyRing({ age: [], pgp: [privateKey.armor()], vaultToken: noVault });
  const plain = await decrypt(content, ring, { input: 'yaml', output: 'yaml' });
  assert.equal(Buffer.from(plain).toString(), wanted());
});

for (const kind of ['rsa2048', 'ed25519']) {
  test(`a document for a ${kind} key that gpg made opens with what gpg exports`, async (t) => {
    if (spawnSync('gpg', ['--version']).status !== 0) return t.skip('gpg is not installed');
    const home = join(dir, `gnupg-${kind}`);
    execFileSync('mkdir', ['-m', '700', home]);
    const env = environment({ GNUPGHOME: home });
    const batch = ['--batch', '--pinentry-mode', 'loopback', '--passphrase', ''];
    const quiet = {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    } satisfies ExecFileSyncOptionsWithStringEncoding;
    const user = 'flux <flux@example.org>';
    // The default of gpg for `future-default` is ed25519 with a cv25519 subkey.
    const algorithm = kind === 'ed25519' ? 'future-default' : kind;
    execFileSync('gpg', [...batch, '--quick-generate-key', user, algorithm, 'default', 'never'], quiet);
    const listing = execFileSync('gpg', ['--list-keys', '--with-colons'], quiet);
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? '';
    if (kind === 'rsa2048') execFileSync('gpg', [...batch, '--quick-add-key', fingerprint, kind, 'encr'], quiet);
    const secret = execFileSync('gpg', [...batch, '--armor', '--export-secret-keys', fingerprint], quiet);
    const content = encrypt('secret.yaml', ['--pgp', fingerprint], { GNUPGHOME: home });
    spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env });
    const ring = await openKeyRing({ age: [], pgp: [secret], vaultToken: noVault });
    const plain = await decrypt(content, ring, { input: 'yaml', output: 'yaml' });
    assert.equal(Buffer.from(plain).toString(), wanted());
  });
}

test('a key in the transit engine of Vault opens a document; its token goes nowhere else', async () => {
  const requests: { readonly path: string; readonly token: unknown; readonly body: string }[] = [];
  // Speaks as much of the transit engine as sops and we ask for: its ciphertext is the plaintext with a prefix.
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const path = request.url ?? '';
        requests.push({ path, token: request.headers['x-vault-token'], body });
        const asked: { plaintext?: string; ciphertext?: string } = JSON.parse(body === '' ? '{}' : body);
        const data = path.includes('/encrypt/')
          ? { ciphertext: `vault:v1:${asked.plaintext ?? ''}` }
          : { plaintext: (asked.ciphertext ?? '').slice('vault:v1:'.length) };
        const known = request.headers['x-vault-token'] === 'the-token';
        response.writeHead(known ? 200 : 403, { 'content-type': 'application/json' });
        response.end(JSON.stringify(known ? { data } : { errors: ['permission denied: the-token'] }));
      });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const url = `http://127.0.0.1:${address.port}`;
    // sops waits for the answer, so that this process must not.
    const content = await encryptWithVault(`${url}/v1/sops/keys/first`);
    const open = async (token: string | undefined): Promise<string> => {
      const ring = await openKeyRing({ age: [], pgp: [], vaultToken: (given) => (given === url ? token : undefined) });
      return Buffer.from(await decrypt(content, ring, { input: 'yaml', output: 'yaml' })).toString();
    };
    assert.equal(await open('the-token'), wanted());
    assert.equal(requests.at(-1)?.path, '/v1/sops/decrypt/first');
    const count = requests.length;
    await assert.rejects(open(undefined), /there is no token, expected sops\.vault-token/);
    assert.equal(requests.length, count);
    const refused = await open('other').catch(String);
    assert.match(refused, /first: FAILED\n {4}- \| .*it answered 403/);
    assert.doesNotMatch(refused, /the-token|other/);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

async function encryptWithVault(uri: string): Promise<Buffer> {
  const args = ['--config', '/dev/null', '-e', '--hc-vault-transit', uri, join(documents, 'secret.yaml')];
  return new Promise((done, failed) =>
    execFile(sops, args, { env: environment({ VAULT_TOKEN: 'the-token' }), encoding: 'buffer' }, (error, stdout) =>
      error === null ? done(stdout) : failed(error),
    ),
  );
}
