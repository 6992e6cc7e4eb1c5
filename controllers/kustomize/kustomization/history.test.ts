import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEntry } from '#crds';
import { type Ending, withEnding } from './history.ts';

const noon = new Date('2026-01-01T12:00:00.900Z');
const later = new Date('2026-01-01T13:00:00Z');
const ending = (digest: string, status: Ending['status'] = 'ReconciliationSucceeded'): Ending => ({
  digest,
  status,
  durationMs: 1234.5,
  metadata: { revision: `main@sha1:${digest}` },
});

test('withEnding starts an entry with Go durations and whole seconds', () => {
  assert.deepEqual(withEnding([], ending('a'), noon), [
    {
      digest: 'a',
      firstReconciled: '2026-01-01T12:00:00Z',
      lastReconciled: '2026-01-01T12:00:00Z',
      lastReconciledDuration: '1.2345s',
      lastReconciledStatus: 'ReconciliationSucceeded',
      totalReconciliations: 1,
      metadata: { revision: 'main@sha1:a' },
    },
  ]);
});

test('withEnding counts the same manifests with the same end and moves them to the front', () => {
  const once = withEnding(withEnding([], ending('a'), noon), ending('b'), noon);
  const twice = withEnding(once, ending('a'), later);
  assert.deepEqual(
    twice.map((entry) => [entry.digest, entry.totalReconciliations, entry.firstReconciled, entry.lastReconciled]),
    [
      ['a', 2, '2026-01-01T12:00:00Z', '2026-01-01T13:00:00Z'],
      ['b', 1, '2026-01-01T12:00:00Z', '2026-01-01T12:00:00Z'],
    ],
  );
});

test('withEnding keeps another end of the same manifests apart, and five entries at most', () => {
  let history: readonly HistoryEntry[] = withEnding([], ending('a', 'HealthCheckFailed'), noon);
  for (const digest of ['a', 'b', 'c', 'd', 'e']) history = withEnding(history, ending(digest), noon);
  assert.deepEqual(
    history.map((entry) => entry.digest),
    ['e', 'd', 'c', 'b', 'a'],
  );
  assert.equal(history.at(-1)?.lastReconciledStatus, 'ReconciliationSucceeded');
});
