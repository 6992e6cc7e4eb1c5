import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestParts, parseDigest } from './digest.ts';

const hex64 = 'ab'.repeat(32);

test('parseDigest keeps the algorithm and its digits', () => {
  assert.deepEqual(digestParts(parseDigest(`sha512:${hex64}${hex64}`)), { algorithm: 'sha512', hex: hex64 + hex64 });
});

test('parseDigest takes bare hex for sha256', () => assert.equal(parseDigest(hex64), `sha256:${hex64}`));

for (const text of [
  `sha256:${hex64.toUpperCase()}`,
  `sha256:${hex64}0`,
  `md5:${hex64}`,
  `toString:${hex64}`,
  'sha256:',
  '',
]) {
  test(`parseDigest refuses "${text}"`, () => assert.throws(() => parseDigest(text), /cannot parse digest/));
}
