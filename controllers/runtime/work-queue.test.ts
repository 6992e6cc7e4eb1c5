import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { WorkQueue } from './work-queue.ts';

interface Held {
  readonly queue: WorkQueue;
  readonly started: string[];
  /** Ends the oldest work under way on the key. */
  readonly end: (key: string, error?: Error) => Promise<void>;
}

function held(concurrency: number): Held {
  const started: string[] = [];
  const open = new Map<string, PromiseWithResolvers<void>>();
  const queue = new WorkQueue({
    concurrency,
    minRetryDelayMs: 100,
    maxRetryDelayMs: 1000,
    work: (key) => {
      started.push(key);
      const gate = Promise.withResolvers<void>();
      open.set(key, gate);
      return gate.promise;
    },
    onPanic: (key) => started.push(`panic ${key}`),
  });
  queue.start();
  const end = async (key: string, error?: Error): Promise<void> => {
    const gate = open.get(key);
    if (error === undefined) gate?.resolve();
    else gate?.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, started, end };
}

test('a key that is added many times is worked on once', async () => {
  const { queue, started, end } = held(1);
  for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
  await end('a');
  await end('b');
  assert.deepEqual(started, ['a', 'b']);
});

test('a key that is added during its work is worked on again, never twice at a time', async () => {
  const { queue, started, end } = held(4);
  queue.add('a');
  queue.add('a');
  assert.deepEqual(started, ['a']);
  await end('a');
  assert.deepEqual(started, ['a', 'a']);
  await end('a');
  assert.deepEqual(started, ['a', 'a']);
});

test('a request of a user overtakes events, and events overtake intervals', async () => {
  const { queue, started, end } = held(1);
  queue.add('first');
  queue.add('interval', 'interval');
  queue.add('event', 'event');
  queue.add('late', 'interval');
  queue.add('late', 'user');
  for (const key of ['first', 'late', 'event', 'interval']) await end(key);
  assert.deepEqual(started, ['first', 'late', 'event', 'interval']);
});

test('at most so many keys are worked on at a time', async () => {
  const { queue, started, end } = held(2);
  for (const key of ['a', 'b', 'c']) queue.add(key);
  assert.deepEqual(started, ['a', 'b']);
  assert.equal(queue.depth, 1);
  await end('a');
  assert.deepEqual(started, ['a', 'b', 'c']);
});

test('work that throws is told and frees its place', async () => {
  const { queue, started, end } = held(1);
  queue.add('a');
  queue.add('b');
  await end('a', new Error('boom'));
  assert.deepEqual(started, ['a', 'panic a', 'b']);
});

test('failures in a row wait longer up to the bound, until they are forgotten', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { queue } = held(1);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => queue.addRateLimited('a')),
    [100, 200, 400, 800, 1000, 1000],
  );
  queue.forget('a');
  assert.equal(queue.addRateLimited('a'), 100);
  mock.timers.reset();
});

test('of two times the earlier counts, and work that comes before drops both', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { queue, started } = held(4);
  queue.addAfter('a', 500);
  queue.addAfter('a', 900);
  mock.timers.tick(500);
  assert.deepEqual(started, ['a']);
  queue.addAfter('b', 500);
  queue.add('b');
  mock.timers.tick(1000);
  assert.deepEqual(started, ['a', 'b']);
  mock.timers.reset();
});

test('stop waits for the work under way and takes up nothing more', async () => {
  const { queue, started, end } = held(1);
  queue.add('a');
  queue.add('b');
  let stopped = false;
  const stopping = queue.stop().then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stopped, false);
  await end('a');
  await stopping;
  assert.deepEqual(started, ['a']);
});
