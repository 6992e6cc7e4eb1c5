import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from './rate-limit.ts';

test('TokenBucket lets a burst through, then a steady rate, and fills up again', () => {
  let now = 0;
  const bucket = new TokenBucket({ qps: 10, burst: 3 }, () => now);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => bucket.reserve()),
    [0, 0, 0, 100, 200],
  );
  now = 200;
  assert.equal(bucket.reserve(), 100);
  now = 10_000;
  assert.deepEqual(
    [1, 2, 3, 4].map(() => bucket.reserve()),
    [0, 0, 0, 100],
  );
});
