import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DriftPace } from './drift-pace.ts';

test('the first two repairs are made at once, the next ones ever later, and quiet makes up for it', () => {
  let now = 0;
  const pace = new DriftPace(() => now);
  const delays: number[] = [];
  for (let round = 0; round < 6; round++) {
    const delay = pace.nextDelayMs('a');
    delays.push(delay);
    now += delay + 10;
  }
  assert.deepEqual(delays, [0, 0, 1_000, 2_000, 4_000, 8_000]);
  assert.equal(pace.nextDelayMs('b'), 0, 'objects do not wait for each other');
  now += 200_000;
  assert.equal(pace.nextDelayMs('a'), 0);
});

test('a dispute that never ends is answered every five minutes', () => {
  let now = 0;
  const pace = new DriftPace(() => now);
  let delay = 0;
  for (let round = 0; round < 20; round++) {
    delay = pace.nextDelayMs('a');
    now += delay + 10;
  }
  assert.equal(delay, 300_000);
});
