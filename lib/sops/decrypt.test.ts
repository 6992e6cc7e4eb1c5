import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import * as openpgp from 'openpgp';
import type { KeyRing } from './data-key.ts';
import { decrypt } from './decrypt.ts';
import { SopsError } from './error.ts';
import { type Format, formatOfContent, formatOfPath, hasMarker } from './format.ts';
import { openKeyRing } from './keys/key-ring.ts';

const testdata = join(import.meta.dirname, 'testdata');
const identity = readFileSync(join(testdata, 'keys.txt'), 'utf8');
const formats: readonly Format[] = ['yaml', 'json', 'dotenv', 'ini', 'binary'];
const noVault = (): undefined => undefined;

function encrypted(name: string): Buffer {
  return readFileSync(join(testdata, 'encrypted', name));
}

/** Opens each data key once: the curve's arithmetic is what takes time. */
function remembering(ring: KeyRing): KeyRing {
  const known = new Map<string, Promise<Uint8Array>>();
  return {
    unwrap(key, signal) {
      const name = JSON.stringify(key);
      const opened = known.get(name) ?? ring.unwrap(key, signal);
      known.set(name, opened);
      return opened;
    },
  };
}

const ring = remembering(await openKeyRing({ age: [identity], pgp: [], vaultToken: noVault }));

for (const name of readdirSync(join(testdata, 'encrypted'))) {
  for (const output of formats) {
    const golden = join(testdata, 'decrypted', `${name}.${output}`);
    test(`${name} becomes ${output} as with sops`, async () => {
      const work = decrypt(encrypted(name), ring, { input: formatOfPath(name), output });
      if (existsSync(golden)) assert.equal(Buffer.from(await work).toString('latin1'), readFileSync(golden, 'latin1'));
      else await assert.rejects(work, { name: 'SopsError', code: 'unprintable' });
    });
  }

  test(`${name} is recognised by its marker, its plain form is not`, () => {
    const format = formatOfPath(name);
    assert.ok(hasMarker(encrypted(name), format));
    assert.equal(formatOfContent(encrypted(name)), format === 'json' ? 'binary' : format);
    assert.equal(formatOfContent(readFileSync(join(testdata, 'plain', name))), undefined);
  });
}

/** One value as SOPS writes it. */
function sealed(value: string, dataKey: Uint8Array, path: string, type = 'str'): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', dataKey, iv, { authTagLength: 16 }).setAAD(Buffer.from(path));
  const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  const parts = [data, iv, cipher.getAuthTag()].map((part) => part.toString('base64'));
  return `ENC[AES256_GCM,data:${parts[0]},iv:${parts[1]},tag:${parts[2]},type:${type}]`;
}

const dataKey = randomBytes(32);

function document(value: unknown, metadata: object): Buffer {
  return Buffer.from(JSON.stringify({ a: { b: value }, sops: { mac: 'ENC[…]', ...metadata } }));
}

const asJson = { input: 'json', output: 'json' } as const;

async function failure(work: Promise<unknown>): Promise<SopsError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SopsError, `not refused as it should be: ${String(error)}`);
  return error;
}

/** A ring whose every key opens to the data key above. */
const open: KeyRing = { unwrap: () => Promise.resolve(dataKey) };
const anyKey = { age: [{ recipient: 'age1x', enc: '' }] };

for (const c of [
  { name: 'a text', text: 'x', type: 'str', want: 'x' },
  { name: 'an integer that a double cannot hold', text: '9007199254740993', type: 'int', want: 9007199254740993n },
  { name: 'a float', text: '1.5', type: 'float', want: 1.5 },
  { name: 'a boolean of Python', text: 'True', type: 'bool', want: true },
  { name: 'a time', text: '2020-01-02T03:04:05Z', type: 'time', want: '2020-01-02T03:04:05Z' },
]) {
  test(`decrypt reads ${c.name}`, async () => {
    const content = document(sealed(c.text, dataKey, 'a:b:', c.type), anyKey);
    const want = typeof c.want === 'string' ? JSON.stringify(c.want) : String(c.want);
    assert.match(Buffer.from(await decrypt(content, open, asJson)).toString(), new RegExp(`"b": ${want}\n`));
  });
}

for (const c of [
  {
    name: 'a value moved to another key',
    value: sealed('hunter2', dataKey, 'a:c:'),
    problem: /value of "a.b": it does not fit/,
  },
  {
    name: 'a value of another data key',
    value: sealed('hunter2', randomBytes(32), 'a:b:'),
    problem: /it does not fit/,
  },
  { name: 'a plain value among encrypted ones', value: 'hunter2', problem: /it is not an encrypted value/ },
  { name: 'a number among encrypted ones', value: 5, problem: /it is no text/ },
  {
    name: 'an unknown type',
    value: sealed('hunter2', dataKey, 'a:b:', 'blob'),
    problem: /its type "blob" is not known/,
  },
  { name: 'a text that is no number', value: sealed('hunter2', dataKey, 'a:b:', 'int'), problem: /it is no int/ },
]) {
  test(`decrypt refuses ${c.name}, and does not say it`, async () => {
    const error = await failure(decrypt(document(c.value, anyKey), open, asJson));
    assert.equal(error.code, 'undecryptable');
    assert.match(error.message, c.problem);
    assert.doesNotMatch(error.message, /hunter2/);
  });
}

test('decrypt leaves what a rule excepts as it is', async () => {
  const content = Buffer.from(
    JSON.stringify({
      data: { x: sealed('v', dataKey, 'data:x:') },
      kind: 'Secret',
      sops: { mac: '', encrypted_regex: '^(data|stringData)$', ...anyKey },
    }),
  );
  const plain: unknown = JSON.parse(Buffer.from(await decrypt(content, open, asJson)).toString());
  assert.deepEqual(plain, { data: { x: 'v' }, kind: 'Secret' });
});

test('decrypt tells the values that came to light, and no others', async () => {
  const told: string[] = [];
  const options = { input: 'yaml', output: 'yaml', onSecret: (text: string): void => void told.push(text) } as const;
  await decrypt(encrypted('secret.yaml'), ring, options);
  assert.ok(told.includes('correct horse battery staple'));
  assert.ok(!told.includes('Secret'));
});

test('a key of another holder is named, with what it failed at', async () => {
  const other = await generateX25519Identity();
  const stranger = await openKeyRing({ age: [other], pgp: [], vaultToken: noVault });
  const error = await failure(decrypt(encrypted('secret.yaml'), stranger, { input: 'yaml', output: 'yaml' }));
  assert.equal(error.code, 'noKey');
  assert.match(
    error.message,
    /^cannot get sops data key: Failed to get the data key required to decrypt the SOPS file/,
  );
  assert.match(
    error.message,
    /Group 0: FAILED\n {2}age1\w+: FAILED\n {4}- \| .*no identity matched any of the recipients/,
  );
  assert.doesNotMatch(error.message, /AGE-SECRET/);
});

test('a key of a cloud says that it comes later; another key of the group opens the document', async () => {
  const kms = { kms: [{ arn: 'arn:aws:kms:eu-west-1:1:key/x', enc: '' }] };
  const empty = await openKeyRing({ age: [], pgp: [], vaultToken: noVault });
  const error = await failure(decrypt(document('', kms), empty, asJson));
  assert.match(error.message, /arn:aws:kms:eu-west-1:1:key\/x: FAILED\n {4}- \| AWS KMS keys are not supported yet/);
  const recipient = await identityToRecipient(identity.split('\n')[2] ?? '');
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const enc = armor.encode(await encrypter.encrypt(dataKey));
  const both = document(sealed('v', dataKey, 'a:b:'), { ...kms, age: [{ recipient, enc }] });
  assert.match(Buffer.from(await decrypt(both, ring, asJson)).toString(), /"b": "v"/);
});

test('an OpenPGP key opens a document, and one with a passphrase does not', async () => {
  const user = { userIDs: [{ name: 'x' }], format: 'object' as const };
  const { privateKey, publicKey } = await openpgp.generateKey(user);
  const locked = await openpgp.generateKey({ ...user, format: 'armored', passphrase: 'p' });
  const message = await openpgp.createMessage({ binary: dataKey });
  const enc = await openpgp.encrypt({ message, encryptionKeys: publicKey });
  const content = document(sealed('v', dataKey, 'a:b:'), { pgp: [{ fp: publicKey.getFingerprint(), enc }] });
  // As `gpg --export` and `--export-secret-keys` into one file give it.
  const keys = await openKeyRing({
    age: [],
    pgp: [`${publicKey.armor()}\n${privateKey.armor()}`],
    vaultToken: noVault,
  });
  assert.match(Buffer.from(await decrypt(content, keys, asJson)).toString(), /"b": "v"/);
  const useless = await openKeyRing({ age: [], pgp: [locked.privateKey], vaultToken: noVault });
  assert.match((await failure(decrypt(content, useless, asJson))).message, /the secret key has a passphrase/);
});

for (const c of [
  {
    name: 'a truncated age file',
    age: [identity.slice(0, -20)],
    pgp: [],
    problem: /error at line 3: malformed secret key$/,
  },
  { name: 'an age file without keys', age: ['# nothing\n'], pgp: [], problem: /no secret keys found$/ },
  {
    name: 'a damaged PGP key',
    age: [],
    pgp: ['-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nx\n-----END PGP PRIVATE KEY BLOCK-----'],
    problem: /the key block is damaged$/,
  },
  { name: 'a PGP key that is none', age: [], pgp: ['hunter2'], problem: /no valid OpenPGP data found$/ },
]) {
  test(`openKeyRing refuses ${c.name} without quoting it`, async () => {
    const error = await failure(openKeyRing({ ...c, vaultToken: noVault }));
    assert.equal(error.code, 'badKey');
    assert.match(error.message, c.problem);
    assert.doesNotMatch(error.message, /hunter2|AGE-SECRET/);
  });
}

/** Enough of chance for a test that must give the same every time. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function damaged(content: Buffer, random: (below: number) => number): Buffer {
  const at = random(content.length);
  const length = 1 + random(40);
  switch (random(4)) {
    case 0:
      return Buffer.concat([content.subarray(0, at), content.subarray(at + length)]);
    case 1:
      return Buffer.concat([content.subarray(0, at), content.subarray(random(at + 1), at), content.subarray(at)]);
    case 2:
      return Buffer.concat([
        content.subarray(0, at),
        Buffer.from('{[:-#"\'\\\n`]}=,&*!|>'.charAt(random(20))),
        content.subarray(at),
      ]);
    default: {
      const copy = Buffer.from(content);
      copy[at] = random(256);
      return copy;
    }
  }
}

for (const name of readdirSync(join(testdata, 'encrypted'))) {
  test(`${name}, damaged in any way, is refused in words of ours`, async () => {
    const random = chance(name.length);
    const content = encrypted(name);
    const known: KeyRing = {
      unwrap: (key) =>
        key.kind === 'age' && key.encrypted.length > 300
          ? ring.unwrap(key, undefined).catch(() => dataKey)
          : Promise.resolve(dataKey),
    };
    for (let round = 0; round < 150; round++) {
      const work = decrypt(damaged(content, random), known, { input: formatOfPath(name), output: formatOfPath(name) });
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) continue;
      assert.ok(error instanceof SopsError, `round ${round}: ${error instanceof Error ? error.stack : ''}`);
      assert.doesNotMatch(error.message, /correct horse|FAKE KEY|hunter/);
    }
  });
}

for (const c of [
  { name: 'nested lists', format: 'json', text: `{"a":${'['.repeat(200_000)}` },
  { name: 'nested flow lists', format: 'yaml', text: `a: ${'['.repeat(200_000)}` },
  {
    name: 'an alias bomb',
    format: 'yaml',
    text: `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map(
        (letter, i) =>
          `${letter}: &${letter} [${Array(10)
            .fill(`*${'abcdefg'.charAt(i)}`)
            .join()}]`,
      )
      .join('\n')}\n`,
  },
  { name: 'a flat key with a thousand levels', format: 'dotenv', text: `sops_${'a__map_'.repeat(1000)}=x\n` },
  { name: 'a list with a far index', format: 'dotenv', text: 'sops_age__list_999999999=x\n' },
] as const) {
  test(`decrypt bounds ${c.name}`, async () => {
    const error = await failure(decrypt(Buffer.from(c.text), open, { input: c.format, output: c.format }));
    assert.equal(error.code, 'malformed');
  });
}
