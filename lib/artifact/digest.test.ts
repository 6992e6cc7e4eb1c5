import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHasher, equalHex, formatDigest, isDigestAlgorithm, readDigest } from './digest.ts';

/** Of the three bytes `abc`; the BLAKE3 one from its reference implementation. */
for (const want of [
  'sha1:a9993e364706816aba3e25717850c26c9cd0d89d',
  'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  'sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  'blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85',
]) {
  test(`a digest by ${want.split(':')[0]}, taken piece by piece`, () => {
    const parts = readDigest(want);
    const hasher = createHasher(parts.algorithm);
    for (const piece of ['a', '', 'bc']) hasher.update(Buffer.from(piece));
    assert.equal(formatDigest({ algorithm: parts.algorithm, hex: hasher.digest() }), want);
  });
}

test('a digest without algorithm is one by sha256', () => {
  assert.equal(readDigest('0'.repeat(64)).algorithm, 'sha256');
});

for (const text of ['', 'md5:00', 'sha256:00', `sha256:${'G'.repeat(64)}`, `sha256:${'0'.repeat(65)}`, ':']) {
  test(`"${text}" is no digest`, () => assert.throws(() => readDigest(text), TypeError));
}

test('digests are equal by value, algorithms known by name', () => {
  assert.equal(equalHex('00ff', '00FF'), true);
  assert.equal(equalHex('00ff', '00fe'), false);
  assert.equal(equalHex('00', '0000'), false);
  assert.deepEqual(['sha256', 'md5'].map(isDigestAlgorithm), [true, false]);
});
