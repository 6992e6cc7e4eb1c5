import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Correlation, EventCorrelator, type EventFacts } from './event-correlator.ts';

const start = Date.parse('2030-01-01T00:00:00Z');
const at = (ms: number): Date => new Date(start + ms);
const facts = (message: string, changes: Partial<EventFacts> = {}): EventFacts => ({
  source: 'c',
  object: 'o',
  type: 'Normal',
  reason: 'R',
  message,
  ...changes,
});
const told = (correlation: Correlation<string>): string =>
  correlation.kind === 'drop' ? 'drop' : `${correlation.count} ${correlation.message}`;

test('the same message is counted, and what was written of it is found again', () => {
  const correlator = new EventCorrelator<string>();
  const first = correlator.correlate(facts('a'), at(0));
  assert.equal(told(first), '1 a');
  if (first.kind === 'write') first.record.written = 'a.1';
  const second = correlator.correlate(facts('a'), at(60_000));
  assert.equal(told(second), '2 a');
  assert.deepEqual(second.kind === 'write' && [second.record.written, second.record.firstTimestamp], [
    'a.1',
    '2030-01-01T00:00:00Z',
  ]);
});

test('another object, type or reason is another event', () => {
  const correlator = new EventCorrelator<string>();
  for (const change of [{}, { object: 'p' }, { type: 'Warning' }, { reason: 'S' }]) {
    assert.equal(told(correlator.correlate(facts('a', change), at(0))), '1 a');
  }
});

test('from the tenth different message in ten minutes on they are combined, and counted together', () => {
  const correlator = new EventCorrelator<string>();
  const all = Array.from({ length: 12 }, (_, index) => told(correlator.correlate(facts(`m${index}`), at(index))));
  assert.deepEqual(all.slice(8), [
    '1 m8',
    '1 (combined from similar events): m9',
    '2 (combined from similar events): m10',
    '3 (combined from similar events): m11',
  ]);
  assert.equal(told(correlator.correlate(facts('later'), at(11 * 60_000))), '1 later');
});

test('an object falls silent after 25 events and may speak once every five minutes then', () => {
  const correlator = new EventCorrelator<string>();
  const all = Array.from({ length: 30 }, () => told(correlator.correlate(facts('a'), at(0))));
  assert.equal(all.filter((each) => each === 'drop').length, 5);
  assert.equal(told(correlator.correlate(facts('a', { object: 'p' }), at(0))), '1 a');
  assert.equal(told(correlator.correlate(facts('a'), at(299_000))), 'drop');
  assert.equal(told(correlator.correlate(facts('a'), at(301_000))), '32 a');
  assert.equal(told(correlator.correlate(facts('a'), at(302_000))), 'drop');
});
