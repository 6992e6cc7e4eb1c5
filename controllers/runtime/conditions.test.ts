import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '#crds';
import { changeConditions, sortConditions } from './conditions.ts';

function condition(type: string, observedGeneration: number): Condition {
  return {
    type,
    status: 'True',
    reason: 'R',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration,
  };
}

test('sortConditions puts Stalled, Reconciling and Ready first, then the newest generation, then by name', () => {
  const shuffled = [
    condition('Healthy', 1),
    condition('B', 2),
    condition('Ready', 1),
    condition('A', 2),
    condition('Reconciling', 9),
  ];
  assert.deepEqual(
    sortConditions(shuffled).map((c) => c.type),
    ['Reconciling', 'Ready', 'A', 'B', 'Healthy'],
  );
});

test('changeConditions lets Reconciling and Stalled exclude each other', () => {
  const change = (type: string): readonly string[] =>
    changeConditions(
      [condition('Stalled', 1), condition('Reconciling', 1)],
      [{ type, status: 'True', reason: 'R', message: '' }],
      new Set(),
      2,
      new Date(0),
    ).map((c) => c.type);
  assert.deepEqual(change('Stalled'), ['Stalled']);
  assert.deepEqual(change('Reconciling'), ['Reconciling']);
});
