import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineShares } from './shamir.ts';

// Two bytes, 0x53 and 0xca, shared on the lines 0x53 + 0x02·x and 0xca + 0x80·x of GF(2^8): 0x80·2 overflows to 0x1b.
const shares = [
  [0x51, 0x4a, 1],
  [0x57, 0xd1, 2],
  [0x55, 0x51, 3],
].map((share) => Uint8Array.from(share));

for (const [a, b] of [
  [0, 1],
  [1, 0],
  [0, 2],
  [1, 2],
] as const) {
  test(`the shares ${a} and ${b} give the secret`, () => {
    const [first, second] = [shares[a], shares[b]];
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(combineShares([first, second]), Uint8Array.from([0x53, 0xca]));
  });
}

test('more shares than needed give the same', () => {
  assert.deepEqual(combineShares(shares), Uint8Array.from([0x53, 0xca]));
});

for (const c of [
  { name: 'one share', shares: shares.slice(0, 1) },
  { name: 'a share twice', shares: [...shares.slice(0, 1), ...shares.slice(0, 1)] },
  { name: 'shares of different length', shares: [Uint8Array.of(1, 2, 1), Uint8Array.of(1, 2)] },
]) {
  test(`${c.name} is refused`, () => assert.throws(() => combineShares(c.shares), { code: 'noKey' }));
}
