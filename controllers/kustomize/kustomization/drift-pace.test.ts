import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DriftPace } from './drift-pace.ts';

test('DriftPace repairs at once, then waits longer and longer up to the interval', () => {
  const pace = new DriftPace();
  let now = 0;
  const delays = Array.from({ length: 8 }, () => {
    const delay = pace.delayMs('a', 10_000, now);
    now += delay + 100;
    return delay;
  });
  assert.deepEqual(delays, [0, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

test('DriftPace counts changes before the pending repair once, and each object for itself', () => {
  const pace = new DriftPace();
  assert.equal(pace.delayMs('a', 60_000, 0), 0);
  assert.equal(pace.delayMs('a', 60_000, 100), 1000);
  assert.equal(pace.delayMs('a', 60_000, 600), 500);
  assert.equal(pace.delayMs('b', 60_000, 600), 0);
});

test('DriftPace forgets after five quiet minutes', () => {
  const pace = new DriftPace();
  pace.delayMs('a', 60_000, 0);
  pace.delayMs('a', 60_000, 10);
  assert.equal(pace.delayMs('a', 60_000, 400_000), 0);
});
