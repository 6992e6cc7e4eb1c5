import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition, KubeObject } from '#crds';
import { type Outcome, ReconcileError } from './outcome.ts';
import { type CommonStatus, type RunEnd, statusAfter } from './status.ts';

const noon = new Date('2026-01-01T12:00:00.750Z');
const rules = {
  conditionTypes: ['FetchFailed', 'ArtifactOutdated', 'ArtifactInStorage', 'Healthy'],
  observesSuspended: 'whenReady',
} as const;

function condition(type: string, status: Condition['status'], reason: string, message = ''): Condition {
  return { type, status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 };
}

function object(status: CommonStatus, annotations: Record<string, string> = {}): KubeObject & { status: CommonStatus } {
  return { apiVersion: 'v1', kind: 'K', metadata: { name: 'n', namespace: 'ns', generation: 2, annotations }, status };
}

function shape(status: CommonStatus): readonly string[] {
  return (status.conditions ?? []).map((c) => `${c.type}=${c.status}/${c.reason}: ${c.message}`);
}

const done: Outcome = { kind: 'ready', reason: 'Succeeded', message: 'stored' };

for (const c of [
  {
    name: 'success: drops what was abnormal and observes the generation',
    before: {
      observedGeneration: -1,
      conditions: [condition('Reconciling', 'True', 'Progressing'), condition('FetchFailed', 'True', 'X')],
    },
    end: done,
    want: ['Ready=True/Succeeded: stored'],
    observedGeneration: 2,
    requeue: { when: 'interval' },
  },
  {
    name: 'failure: keeps Reconciling with the phase reached and the old observedGeneration',
    before: { observedGeneration: 1, conditions: [] },
    end: new ReconcileError(
      'GitOperationFailed',
      'no',
      { when: 'backoff' },
      {
        conditions: [{ type: 'FetchFailed', status: 'True', reason: 'GitOperationFailed', message: 'no' }],
      },
    ),
    want: [
      'Reconciling=True/ProgressingWithRetry: building',
      'Ready=False/GitOperationFailed: no',
      'FetchFailed=True/GitOperationFailed: no',
    ],
    observedGeneration: 1,
    requeue: { when: 'backoff' },
  },
  {
    name: 'failure that is only a wait: leaves no Reconciling',
    before: { observedGeneration: 1, conditions: [] },
    end: new ReconcileError(
      'DependencyNotReady',
      'not yet',
      { when: 'after', ms: 30_000 },
      { keepsReconciling: false },
    ),
    want: ['Ready=False/DependencyNotReady: not yet'],
    observedGeneration: 1,
    requeue: { when: 'after', ms: 30_000 },
  },
  {
    name: 'terminal failure: Stalled, no Reconciling, observed, never again by itself',
    before: { observedGeneration: 1, conditions: [condition('Reconciling', 'True', 'Progressing')] },
    end: new ReconcileError('URLInvalid', 'bad', { when: 'specChanges' }),
    want: ['Stalled=True/URLInvalid: bad', 'Ready=False/URLInvalid: bad'],
    observedGeneration: 2,
    requeue: { when: 'never' },
  },
  {
    name: 'terminal failure that is not observed',
    before: { observedGeneration: -1, conditions: [] },
    end: new ReconcileError('AccessDenied', 'no', { when: 'specChanges' }, { observed: false }),
    want: ['Stalled=True/AccessDenied: no', 'Ready=False/AccessDenied: no'],
    observedGeneration: -1,
    requeue: { when: 'never' },
  },
  {
    name: 'waiting: Reconciling with its message, Ready unknown, back at the deadline',
    before: { observedGeneration: 1, conditions: [condition('Stalled', 'True', 'X')] },
    end: { kind: 'waiting', message: 'Running health checks', until: new Date(noon.getTime() + 5000) },
    want: [
      'Reconciling=True/Progressing: Running health checks',
      'Ready=Unknown/Progressing: Reconciliation in progress',
    ],
    observedGeneration: 1,
    requeue: { when: 'after', ms: 5000 },
  },
  {
    name: 'suspension: changes no condition, observes when Ready',
    before: { observedGeneration: 1, conditions: [condition('Ready', 'True', 'Succeeded', 'stored')] },
    end: { kind: 'suspended' },
    want: ['Ready=True/Succeeded: stored'],
    observedGeneration: 2,
    requeue: { when: 'never' },
  },
  {
    name: 'anything else thrown: a failure with its text, and back-off',
    before: { observedGeneration: 1, conditions: [] },
    end: new TypeError('x is not a function'),
    want: ['Reconciling=True/ProgressingWithRetry: building', 'Ready=False/ReconciliationFailed: x is not a function'],
    observedGeneration: 1,
    requeue: { when: 'backoff' },
  },
] satisfies readonly {
  name: string;
  before: CommonStatus;
  end: RunEnd;
  want: readonly string[];
  observedGeneration: number;
  requeue: object;
}[]) {
  test(`statusAfter ${c.name}`, () => {
    const after = statusAfter(object(c.before), rules, c.end, 'building', noon);
    assert.deepEqual(shape(after.status), c.want);
    assert.equal(after.status.observedGeneration, c.observedGeneration);
    assert.deepEqual(after.requeue, c.requeue);
  });
}

test('statusAfter moves the transition time with the message, and only then', () => {
  const before = { conditions: [condition('Ready', 'True', 'Succeeded', 'stored')] };
  const same = statusAfter(object(before), rules, done, undefined, noon).status.conditions?.[0];
  assert.equal(same?.lastTransitionTime, '2026-01-01T00:00:00Z');
  assert.equal(same?.observedGeneration, 2);
  const other = statusAfter(object(before), rules, { ...done, message: 'stored again' }, undefined, noon).status
    .conditions?.[0];
  assert.equal(other?.lastTransitionTime, '2026-01-01T12:00:00Z');
});

test('statusAfter copies requestedAt whatever the end', () => {
  const asked = object({}, { 'reconcile.fluxcd.io/requestedAt': 'now!' });
  for (const end of [done, { kind: 'suspended' } as const, new Error('x')]) {
    assert.equal(statusAfter(asked, rules, end, undefined, noon).status.lastHandledReconcileAt, 'now!');
  }
});

test('statusAfter removes the conditions and fields that an outcome takes away', () => {
  const before = { conditions: [condition('Healthy', 'True', 'Succeeded')], url: 'x', kept: 1 };
  const after = statusAfter(
    object(before),
    rules,
    { ...done, removes: ['Healthy'], status: { url: null } },
    undefined,
    noon,
  );
  assert.deepEqual(shape(after.status), ['Ready=True/Succeeded: stored']);
  assert.equal('url' in after.status, false);
  assert.equal(after.status['kept'], 1);
});

test('statusAfter cuts a message that the API would refuse', () => {
  const after = statusAfter(object({}), rules, { ...done, message: 'x'.repeat(40_000) }, undefined, noon);
  const message = after.status.conditions?.[0]?.message ?? '';
  assert.equal(message.length, 32_768);
  assert.ok(message.endsWith('...'));
});

test('statusAfter gives the Ready of a suspended source its generation, and no other condition', () => {
  const before = {
    conditions: [condition('Ready', 'True', 'Succeeded'), condition('ArtifactInStorage', 'True', 'Succeeded')],
  };
  const after = statusAfter(
    object(before),
    { ...rules, observesSuspended: 'withConditions' },
    { kind: 'suspended' },
    undefined,
    noon,
  );
  assert.equal(after.status.observedGeneration, 2);
  assert.deepEqual(
    after.status.conditions?.map((c) => [c.type, c.observedGeneration]),
    [
      ['Ready', 2],
      ['ArtifactInStorage', 1],
    ],
  );
});
