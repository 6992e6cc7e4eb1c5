import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from './event.ts';
import { eventKey, RateLimit } from './rate-limit.ts';

const group = 'source.toolkit.fluxcd.io';
const stored: Event = {
  involvedObject: { kind: 'GitRepository', namespace: 'default', name: 'podinfo', apiVersion: `${group}/v1` },
  severity: 'info',
  timestamp: '',
  message: 'stored',
  reason: 'NewArtifact',
  metadata: { [`${group}/revision`]: 'main@sha1:abc' },
  reportingController: 'source-controller',
};

test('the key of an event is the one of the specification', () => {
  assert.equal(eventKey(stored), 'd172c3bea8bf79304404ad06df834f3ceebd4431eb614244e59c663b33d8ca86');
});

const key = eventKey(stored);
for (const c of [
  { name: 'severity', event: { ...stored, severity: 'error' }, same: true },
  { name: 'reason', event: { ...stored, reason: 'Other' }, same: true },
  { name: 'other metadata', event: { ...stored, metadata: { ...stored.metadata, [`${group}/x`]: 'y' } }, same: true },
  { name: 'message', event: { ...stored, message: 'stored!' }, same: false },
  { name: 'token', event: { ...stored, metadata: { ...stored.metadata, [`${group}/token`]: '1' } }, same: false },
  {
    name: 'origin revision',
    event: { ...stored, metadata: { ...stored.metadata, [`${group}/originRevision`]: '1' } },
    same: false,
  },
]) {
  test(`events that differ in ${c.name} are ${c.same ? 'the same' : 'two'}`, () => {
    assert.equal(eventKey(c.event) === key, c.same);
  });
}

test('a window is fixed from the first event on', () => {
  const limit = new RateLimit(1000);
  assert.deepEqual(limit.take('a', 0), { duplicate: false, resetAt: 1000 });
  assert.deepEqual(limit.take('a', 999), { duplicate: true, resetAt: 1000 });
  assert.deepEqual(limit.take('a', 1000), { duplicate: false, resetAt: 2000 });
  assert.deepEqual(limit.take('b', 1001), { duplicate: false, resetAt: 2001 });
});

test('windows that are over are forgotten', () => {
  const limit = new RateLimit(1000);
  for (let i = 0; i < 100; i++) limit.take(`key ${i}`, i);
  limit.take('later', 5000);
  assert.equal(limit.size, 1);
});

test('a flood of different events forgets the oldest, and does not forget those that it repeats', () => {
  const limit = new RateLimit(1000, 3);
  for (const name of ['a', 'b', 'c']) limit.take(name, 0);
  assert.equal(limit.take('a', 1).duplicate, true);
  assert.equal(limit.take('d', 2).duplicate, false);
  assert.equal(limit.size, 3);
  assert.equal(limit.take('b', 3).duplicate, true);
  assert.equal(limit.take('a', 3).duplicate, false);
});

test('an interval of nothing lets everything through', () => {
  const limit = new RateLimit(0);
  assert.equal(limit.take('a', 5).duplicate, false);
  assert.equal(limit.take('a', 5).duplicate, false);
});
