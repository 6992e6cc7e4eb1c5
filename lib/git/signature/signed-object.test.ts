import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { signatureKind, signedCommit, signedTag } from './signed-object.ts';
import { readAuthorizedKeys, sshFingerprint } from './ssh-keys.ts';
import { verifyWithSshKeys } from './ssh-signature.ts';
import { readTrustedKeys, verifySignature } from './verify.ts';

const head = 'tree 1\nparent 2\nauthor A\ncommitter C\n';

for (const c of [
  {
    name: 'a signature in the middle of the headers',
    text: `${head}gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\nencoding x\n\ngpgsig not\n x\n`,
    payload: `${head}encoding x\n\ngpgsig not\n x\n`,
    signature: '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n',
  },
  { name: 'no signature', text: `${head}\nmessage`, payload: `${head}\nmessage`, signature: undefined },
  {
    name: 'one for the other hash as well',
    text: `${head}gpgsig one\ngpgsig-sha256 two\n more\n\nmessage`,
    payload: `${head}\nmessage`,
    signature: 'one\n',
  },
  {
    name: 'a header that is continued',
    text: `${head}mergetag object x\n gpgsig inner\n\nmessage`,
    payload: `${head}mergetag object x\n gpgsig inner\n\nmessage`,
    signature: undefined,
  },
]) {
  test(`signedCommit with ${c.name}`, () => {
    const { payload, signature } = signedCommit(Buffer.from(c.text));
    assert.equal(payload.toString(), c.payload);
    assert.equal(signature, c.signature);
  });
}

test('signedTag takes the last signature; what stands before it is signed', () => {
  const text = 'object x\n\nquotes\n-----BEGIN PGP SIGNATURE-----\nx\n';
  const { payload, signature } = signedTag(Buffer.from(`${text}-----BEGIN SSH SIGNATURE-----\ny\n`));
  assert.equal(payload.toString(), text);
  assert.equal(signature, '-----BEGIN SSH SIGNATURE-----\ny\n');
  assert.equal(signedTag(Buffer.from('object x\n\nmessage\n')).signature, undefined);
});

for (const [text, kind] of [
  ['-----BEGIN PGP SIGNATURE-----', 'pgp'],
  ['-----BEGIN SSH SIGNATURE-----', 'ssh'],
  ['-----BEGIN SIGNED MESSAGE-----', 'x509'],
  ['hello', 'unknown'],
] as const) {
  test(`a signature that begins with ${text} is ${kind}`, () => assert.equal(signatureKind(text), kind));
}

function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function armour(bytes: Buffer): string {
  return `-----BEGIN SSH SIGNATURE-----\n${bytes.toString('base64')}\n-----END SSH SIGNATURE-----\n`;
}

/** What an ed25519 key on a security key makes; `flags` says whether it was touched. */
function securityKey(flags: number): { readonly line: string; readonly signature: string; readonly blob: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const type = 'sk-ssh-ed25519@openssh.com';
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const blob = Buffer.concat([field(type), field(point), field('ssh:')]);
  const sha256 = (content: Buffer | string): Buffer => createHash('sha256').update(content).digest();
  const names = [field('git'), field(''), field('sha256')];
  const message = Buffer.concat([Buffer.from('SSHSIG'), ...names, field(sha256('payload'))]);
  const counted = Buffer.from([flags, 0, 0, 0, 7]);
  const value = sign(null, Buffer.concat([sha256('ssh:'), counted, sha256(message)]), privateKey);
  const inner = Buffer.concat([field(type), field(value), counted]);
  const outer = [Buffer.from('SSHSIG'), Buffer.from([0, 0, 0, 1]), field(blob), ...names, field(inner)];
  return { line: `${type} ${blob.toString('base64')} me@x`, signature: armour(Buffer.concat(outer)), blob };
}

test('a security key that was touched has signed', () => {
  const { line, signature, blob } = securityKey(1);
  const keys = readAuthorizedKeys(`# mine\n\nno-touch-required ${line}\n`);
  assert.equal(verifyWithSshKeys(signature, Buffer.from('payload'), keys), sshFingerprint(blob));
  assert.throws(() => verifyWithSshKeys(signature, Buffer.from('other'), keys), /unable to verify payload/);
  const untouched = securityKey(0);
  const others = readAuthorizedKeys(untouched.line);
  assert.throws(() => verifyWithSshKeys(untouched.signature, Buffer.from('payload'), others), /not touched/);
});

test('damaged SSH signatures are refused with words, wherever they are cut', () => {
  const { line, signature } = securityKey(1);
  const keys = readAuthorizedKeys(line);
  const bytes = Buffer.from(signature.split('\n')[1] ?? '', 'base64');
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => verifyWithSshKeys(armour(bytes.subarray(0, length)), Buffer.from('payload'), keys),
      /^Error: (the signature|unable to verify)/,
    );
  }
  for (const text of ['', '-----BEGIN SSH SIGNATURE-----', armour(Buffer.from('SSHSIX\0\0\0\x01'))]) {
    assert.throws(() => verifyWithSshKeys(text, Buffer.from('payload'), keys), /^Error: the signature/);
  }
});

test('keys of a Secret are sorted by their names', () => {
  assert.deepEqual(readTrustedKeys({ 'b.asc': 'B', 'a.sshpub': 'A', old: 'O' }), {
    keyRings: ['B', 'O'],
    authorizedKeys: ['A'],
  });
  assert.throws(() => readAuthorizedKeys('ssh-ed25519 AAAA'), /line 1 holds no SSH key/);
});

test('a signature of another kind is named', async () => {
  const keys = { keyRings: [], authorizedKeys: [] };
  const payload = Buffer.from('x');
  await assert.rejects(verifySignature({ payload, signature: '-----BEGIN SIGNED MESSAGE-----' }, keys), /x509/);
  await assert.rejects(verifySignature({ payload, signature: 'hello' }, keys), /unknown type/);
  await assert.rejects(verifySignature({ payload, signature: '-----BEGIN PGP SIGNATURE-----\nx' }, keys), /signature/);
});
