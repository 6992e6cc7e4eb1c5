import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenCache } from './token-cache.ts';

test('a token is exchanged once until it is about to expire, and again when it was refused', async () => {
  let now = 0;
  let count = 0;
  const cache = new TokenCache(() => now);
  const exchange = (): Promise<{ token: string; expiresAt: number }> =>
    Promise.resolve({ token: `t${++count}`, expiresAt: now + 3_600_000 });
  assert.equal(await cache.get('a', exchange), 't1');
  assert.equal(await cache.get('a', exchange), 't1');
  assert.equal(await cache.get('b', exchange), 't2');
  now = 3_600_000 - 60_000;
  assert.equal(await cache.get('a', exchange), 't3');
  cache.forget('a');
  assert.equal(await cache.get('a', exchange), 't4');
});

test('a failed exchange leaves nothing behind', async () => {
  const cache = new TokenCache(() => 0);
  await assert.rejects(
    cache.get('a', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await cache.get('a', () => Promise.resolve({ token: 't', expiresAt: 1e9 })), 't');
});
