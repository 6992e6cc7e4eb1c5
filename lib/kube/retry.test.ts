import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Failure, parseRetryAfter, retryDelay } from './retry.ts';

const rule = { retries: 3, baseMs: 100, maxMs: 300 };
const connect: Failure = { kind: 'connection', code: 'connect' };
const lost: Failure = { kind: 'connection', code: 'lost' };
const status = (code: number, retryAfterMs?: number): Failure => ({ kind: 'status', code, retryAfterMs });

for (const c of [
  { name: 'anything that was never sent', failure: connect, idempotent: false, method: 'POST', want: true },
  { name: 'an apply whose connection broke', failure: lost, idempotent: true, method: 'PATCH', want: true },
  { name: 'no create whose connection broke', failure: lost, idempotent: false, method: 'POST', want: false },
  { name: 'a create that was throttled', failure: status(429), idempotent: false, method: 'POST', want: true },
  { name: 'a read that was unavailable', failure: status(503), idempotent: true, method: 'GET', want: true },
  { name: 'a read that the server gave up', failure: status(504), idempotent: true, method: 'GET', want: true },
  { name: 'no apply that was unavailable', failure: status(503), idempotent: true, method: 'PATCH', want: false },
  { name: 'no read that is refused', failure: status(403), idempotent: true, method: 'GET', want: false },
  { name: 'no read that fails on the server', failure: status(500), idempotent: true, method: 'GET', want: false },
  {
    name: 'nothing after its time',
    failure: { kind: 'connection', code: 'timeout' } satisfies Failure,
    idempotent: true,
    method: 'GET',
    want: false,
  },
])
  test(`repeats ${c.name}`, () => {
    assert.equal(retryDelay(c.failure, 0, c.idempotent, c.method, rule, 0) !== undefined, c.want);
    assert.equal(retryDelay(c.failure, 3, c.idempotent, c.method, rule, 0), undefined);
  });

test('waits half to all of a doubling time, up to the maximum', () => {
  const waits = [0, 1, 2].map((attempt) =>
    [0, 1].map((chance) => retryDelay(connect, attempt, true, 'GET', rule, chance)),
  );
  assert.deepEqual(waits, [
    [50, 100],
    [100, 200],
    [150, 300],
  ]);
});

test('waits as long as the server asks for, within reason', () => {
  assert.equal(retryDelay(status(429, 1000), 0, true, 'GET', rule, 0), 1000);
  assert.equal(retryDelay(status(429, 3_600_000), 0, true, 'GET', rule, 0), 10_000);
});

test('reads Retry-After as seconds or as a date', () => {
  const now = new Date('2030-01-01T00:00:00Z');
  assert.equal(parseRetryAfter('7', now), 7000);
  assert.equal(parseRetryAfter(['7'], now), 7000);
  assert.equal(parseRetryAfter('Tue, 01 Jan 2030 00:00:09 GMT', now), 9000);
  assert.equal(parseRetryAfter('Tue, 01 Jan 2020 00:00:09 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), undefined);
  assert.equal(parseRetryAfter(undefined, now), undefined);
});
