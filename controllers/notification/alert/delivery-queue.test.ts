import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { type Delivery, DeliveryQueue } from './delivery-queue.ts';

/** Deliveries that end when told; what became of each is in `log`. */
class Work {
  readonly log: string[] = [];
  readonly #open = new Map<string, () => void>();

  delivery(name: string, fields: Partial<Delivery> = {}): Delivery {
    return {
      line: 'a',
      subject: name,
      bytes: 1,
      run: () => {
        this.log.push(name);
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#open.set(name, resolve);
        return promise;
      },
      drop: (why) => void this.log.push(`${name}: ${why}`),
      ...fields,
    };
  }

  async end(name: string): Promise<void> {
    this.#open.get(name)?.();
    await turn();
  }
}

test('a line delivers four at a time, in order', async () => {
  const work = new Work();
  const queue = new DeliveryQueue(() => 0);
  for (const name of ['1', '2', '3', '4', '5', '6']) queue.add(work.delivery(name));
  assert.deepEqual(work.log, ['1', '2', '3', '4']);
  await work.end('3');
  await work.end('1');
  assert.deepEqual(work.log, ['1', '2', '3', '4', '5', '6']);
});

test('a line that hangs holds up no other', () => {
  const work = new Work();
  const queue = new DeliveryQueue(() => 0);
  for (let i = 0; i < 20; i++) queue.add(work.delivery(`a${i}`));
  queue.add(work.delivery('other', { line: 'b' }));
  assert.deepEqual(work.log.slice(4), ['other']);
});

test('deliveries about one object keep their order, and others overtake them', async () => {
  const work = new Work();
  const queue = new DeliveryQueue(() => 0);
  queue.add(work.delivery('failed', { subject: 'web' }));
  queue.add(work.delivery('succeeded', { subject: 'web' }));
  queue.add(work.delivery('other'));
  assert.deepEqual(work.log, ['failed', 'other']);
  await work.end('failed');
  assert.deepEqual(work.log, ['failed', 'other', 'succeeded']);
});

test('a failure does not stop the line', async () => {
  const work = new Work();
  const queue = new DeliveryQueue(() => 0);
  for (let i = 0; i < 4; i++) queue.add(work.delivery(`${i}`, { run: () => Promise.reject(new Error('no')) }));
  queue.add(work.delivery('next'));
  await turn();
  assert.deepEqual(work.log, ['next']);
});

test('what is too much is dropped at once', () => {
  const work = new Work();
  const queue = new DeliveryQueue(() => 0);
  for (let i = 0; i < 10_004; i++) queue.add(work.delivery('x', { subject: `${i}` }));
  queue.add(work.delivery('one more'));
  assert.equal(work.log.at(-1), 'one more: too many notifications are waiting');
});

test('bytes that wait are bounded over all lines', () => {
  const work = new Work();
  const queue = new DeliveryQueue(() => 0);
  const half = 33 * 1024 * 1024;
  for (const line of ['a', 'b']) {
    for (let i = 0; i < 4; i++) queue.add(work.delivery(`${line}${i}`, { line }));
    queue.add(work.delivery(`${line} large`, { line, bytes: half }));
  }
  assert.deepEqual(work.log.slice(8), ['b large: too many notifications are waiting']);
});

test('what has waited five minutes is dropped', async () => {
  const work = new Work();
  let now = 0;
  const queue = new DeliveryQueue(() => now);
  for (const name of ['1', '2', '3', '4', 'late']) queue.add(work.delivery(name));
  now = 299_000;
  queue.add(work.delivery('fresh'));
  now = 301_000;
  await work.end('1');
  assert.deepEqual(work.log.slice(4), ['late: it has waited too long', 'fresh']);
});

test('drain waits for all lines', async () => {
  const work = new Work();
  const queue = new DeliveryQueue(() => 0);
  await queue.drain(1000);
  queue.add(work.delivery('1'));
  queue.add(work.delivery('2', { line: 'b' }));
  let isDrained = false;
  const drained = queue.drain(60_000).then(() => (isDrained = true));
  await work.end('1');
  assert.equal(isDrained, false);
  await work.end('2');
  await drained;
});
