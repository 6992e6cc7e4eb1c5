import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventOutbox } from './event-outbox.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('deliveries of one key keep their order, others overtake', async () => {
  const outbox = new EventOutbox(10, 2);
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  outbox.add('a', async () => {
    await gate.promise;
    done.push('a1');
  });
  outbox.add('a', async () => void done.push('a2'));
  outbox.add('b', async () => void done.push('b1'));
  await turn();
  assert.deepEqual(done, ['b1']);
  gate.resolve();
  await outbox.close(1000);
  assert.deepEqual(done, ['b1', 'a1', 'a2']);
});

test('no more run side by side than allowed, and no more wait than fit', async () => {
  const outbox = new EventOutbox(3, 2);
  const gate = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const deliver = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await gate.promise;
    running--;
  };
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => outbox.add(key, deliver)),
    [true, true, true, false],
  );
  await turn();
  assert.equal(running, 2);
  gate.resolve();
  await outbox.close(1000);
  assert.equal(most, 2);
  assert.equal(outbox.add('a', deliver), false);
});

test('close gives up what does not end in time and aborts it', async () => {
  const outbox = new EventOutbox(10, 1);
  let reason: unknown;
  outbox.add(
    'a',
    (signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          resolve();
        }),
      ),
  );
  let isSecondRun = false;
  outbox.add('a', async () => {
    isSecondRun = true;
  });
  await outbox.close(1);
  await turn();
  assert.match(String(reason), /the program ends/);
  assert.equal(isSecondRun, false);
});
