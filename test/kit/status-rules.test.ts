import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusViolations } from './status-rules.ts';

interface Sketch {
  readonly type: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly at?: string;
  readonly observed?: number;
}

/** An object of generation 2 with these conditions. */
function object(conditions: readonly Sketch[], status: object = {}, annotations: object = {}): unknown {
  return {
    kind: 'Kustomization',
    metadata: { name: 'apps', namespace: 'flux-system', generation: 2, annotations },
    status: {
      observedGeneration: 2,
      conditions: conditions.map((sketch) => ({
        type: sketch.type,
        status: sketch.status ?? 'True',
        reason: sketch.reason ?? 'Succeeded',
        message: sketch.message ?? 'fine',
        lastTransitionTime: sketch.at ?? '2025-01-01T00:00:00Z',
        observedGeneration: sketch.observed ?? 2,
      })),
      ...status,
    },
  };
}

const requested = { 'reconcile.fluxcd.io/requestedAt': 'now' };
const entry = (id: string): object => ({ id, v: 'v1' });

for (const c of [
  { name: 'nothing in a good object', given: object([{ type: 'Ready' }, { type: 'Healthy' }]), want: [] },
  { name: 'no conditions', given: { status: {} }, want: [/conditions is missing/] },
  { name: 'Ready behind another type', given: object([{ type: 'Healthy' }, { type: 'Ready' }]), want: [/the order/] },
  {
    name: 'an old condition before a new one',
    given: object([{ type: 'Ready' }, { type: 'ArtifactInStorage', observed: 1 }, { type: 'SourceVerified' }]),
    want: [/the order/],
  },
  {
    name: 'an abnormal-true type that is False',
    given: object([{ type: 'Ready' }, { type: 'FetchFailed', status: 'False' }]),
    want: [/FetchFailed: is an abnormal-true type/],
  },
  {
    name: 'Stalled beside Reconciling',
    given: object([{ type: 'Stalled' }, { type: 'Reconciling' }, { type: 'Ready', status: 'False' }]),
    want: [/Stalled and Reconciling/],
  },
  { name: 'no Ready', given: object([{ type: 'Healthy' }]), want: [/Ready is missing/] },
  {
    name: 'fractions of a second',
    given: object([{ type: 'Ready', at: '2025-01-01T00:00:00.123Z' }]),
    want: [/whole seconds/],
  },
  {
    name: 'a message over the limit',
    given: object([{ type: 'Ready', message: 'x'.repeat(32_769) }]),
    want: [/longer than 32768/],
  },
  { name: 'a reason with a space', given: object([{ type: 'Ready', reason: 'not good' }]), want: [/reason is/] },
  {
    name: 'a generation from the future',
    given: object([{ type: 'Ready', status: 'False', observed: 3 }]),
    want: [/at most metadata.generation 2/],
  },
  {
    name: 'Ready for an older generation',
    given: object([{ type: 'Ready' }], { observedGeneration: 1 }),
    want: [/status.observedGeneration is 1 while Ready is True/],
  },
  {
    name: 'a request that was not answered',
    given: object([{ type: 'Ready' }], {}, requested),
    want: [/lastHandledReconcileAt/],
  },
  {
    name: 'an inventory with an object twice, and a wrong id',
    given: object([{ type: 'Ready' }], {
      inventory: { entries: [entry('a_b__Service'), entry('a_b__Service'), entry('nonsense')] },
    }),
    want: [/"a_b__Service" more than once/, /"nonsense" is not/],
  },
])
  test(`statusViolations finds ${c.name}`, () => {
    const found = statusViolations(c.given);
    assert.equal(found.length, c.want.length, found.join('\n'));
    c.want.forEach((pattern, index) => assert.match(found[index] ?? '', pattern));
  });

test('statusViolations lets a run in progress be Ready and Reconciling', () => {
  const running = object([{ type: 'Reconciling', reason: 'Progressing' }, { type: 'Ready' }], {
    observedGeneration: 1,
  });
  assert.deepEqual(statusViolations(running, { settled: false }), []);
  assert.equal(statusViolations(running).length, 2);
});
