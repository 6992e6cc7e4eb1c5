import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { deadline, KeyedLock, mapLimit, sleep } from './index.ts';

/** Lets everything that is ready to go on do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('mapLimit keeps the order of the items and runs at most so many at a time', async () => {
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  let running = 0;
  let most = 0;
  const all = mapLimit(gates, 2, async (gate, index) => {
    most = Math.max(most, ++running);
    await gate.promise;
    running--;
    return index * 10;
  });
  for (const gate of gates.toReversed()) {
    gate.resolve();
    await settle();
  }
  assert.deepEqual(await all, [0, 10, 20, 30]);
  assert.equal(most, 2);
});

test('mapLimit starts nothing more after a failure, and waits for what runs', async () => {
  const slow = Promise.withResolvers<void>();
  const started: number[] = [];
  let ended = false;
  const all = mapLimit([0, 1, 2, 3], 2, async (item) => {
    started.push(item);
    if (item === 0) throw new Error('no');
    await slow.promise;
    ended = true;
  });
  await settle();
  slow.resolve();
  await assert.rejects(all, new Error('no'));
  assert.deepEqual(started, [0, 1]);
  assert.equal(ended, true);
});

test('KeyedLock lets one holder at a time into a key, in order, and does not mix keys', async () => {
  const locks = new KeyedLock();
  const log: string[] = [];
  const first = await locks.acquire('a');
  const second = locks.acquire('a').then((held) => {
    log.push('second');
    return held;
  });
  const third = locks.acquire('a').then((held) => {
    log.push('third');
    return held;
  });
  using _other = await locks.acquire('b');
  log.push('other key');
  await settle();
  assert.deepEqual(log, ['other key']);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  assert.deepEqual(log, ['other key', 'second', 'third']);
});

test('deadline aborts after its time with its text, or with its parent', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  using alone = deadline(100, undefined, 'took too long');
  mock.timers.tick(99);
  assert.equal(alone.signal.aborted, false);
  mock.timers.tick(1);
  assert.equal(String(alone.signal.reason), 'TimeoutError: took too long');
  const parent = new AbortController();
  using child = deadline(100, parent.signal);
  parent.abort(new Error('parent'));
  assert.deepEqual(child.signal.reason, new Error('parent'));
  mock.timers.reset();
});

test('sleep ends early with the reason of its signal', async () => {
  const abort = new AbortController();
  const sleeping = sleep(1_000_000, abort.signal);
  abort.abort(new Error('enough'));
  await assert.rejects(sleeping, new Error('enough'));
  await assert.rejects(sleep(1, abort.signal), new Error('enough'));
});
