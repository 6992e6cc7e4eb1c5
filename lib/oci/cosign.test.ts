import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { isTrustedBundle, parsePublicKey, payloadNames } from './cosign.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const own = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const other = generateKeyPairSync('ed25519');

const type = 'application/vnd.in-toto+json';

function bundle(key: KeyObject, subject: string, tampered = false): Buffer {
  const payload = Buffer.from(JSON.stringify({ subject: [{ digest: { sha256: subject.slice(7) } }] }));
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
  const sig = sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', signed, key).toString('base64');
  const shown = tampered ? Buffer.concat([payload, Buffer.from(' ')]) : payload;
  return Buffer.from(
    JSON.stringify({ dsseEnvelope: { payloadType: type, payload: shown.toString('base64'), signatures: [{ sig }] } }),
  );
}

for (const c of [
  { name: 'of a trusted key', bytes: bundle(own.privateKey, digest), want: true },
  { name: 'of an ed25519 key', bytes: bundle(other.privateKey, digest), want: false },
  { name: 'for another manifest', bytes: bundle(own.privateKey, `sha256:${'b'.repeat(64)}`), want: false },
  { name: 'whose statement was changed', bytes: bundle(own.privateKey, digest, true), want: false },
  { name: 'that is no JSON', bytes: Buffer.from('{'), want: false },
]) {
  test(`a bundle ${c.name} is ${c.want ? 'taken' : 'refused'}`, () => {
    assert.equal(isTrustedBundle(c.bytes, digest, [own.publicKey]), c.want);
  });
}

test('an ed25519 key is one of several', () => {
  assert.equal(isTrustedBundle(bundle(other.privateKey, digest), digest, [own.publicKey, other.publicKey]), true);
});

test('a payload names one manifest', () => {
  const payload = (text: string): Buffer =>
    Buffer.from(JSON.stringify({ critical: { type: text, image: { 'docker-manifest-digest': digest } } }));
  assert.equal(payloadNames(payload('cosign container image signature'), digest), true);
  assert.equal(payloadNames(payload('something else'), digest), false);
  assert.equal(payloadNames(payload('cosign container image signature'), 'sha256:b'), false);
});

test('a key that is none is told without quoting it', () => {
  assert.throws(() => parsePublicKey('secret'), /^OciError: cannot read public key: expected PEM$/);
});
