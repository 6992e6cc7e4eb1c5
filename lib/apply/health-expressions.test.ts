import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#crds';
import { compileHealthExpressions } from './health-expressions.ts';
import { objectId } from './object-id.ts';

const widget = (status: object, generation = 2): KubeObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'apps', generation },
  status,
});
const rule = {
  apiVersion: 'example.org/v1',
  kind: 'Widget',
  inProgress: "status.phase == 'Starting'",
  failed: "status.phase in ['Broken', 'Starting']",
  current: 'status.ready == status.wanted',
};

for (const c of [
  { name: 'is current when its expression holds', status: { phase: 'Up', ready: 3, wanted: 3 }, want: 'Current' },
  { name: 'asks inProgress before failed', status: { phase: 'Starting' }, want: 'InProgress' },
  { name: 'asks failed before current', status: { phase: 'Broken', ready: 1, wanted: 1 }, want: 'Failed' },
  { name: 'is in progress when nothing holds', status: { phase: 'Up', ready: 1, wanted: 3 }, want: 'InProgress' },
  {
    name: 'waits for the controller to see the newest generation, whatever the expressions say',
    status: { observedGeneration: 1, phase: 'Broken' },
    want: 'InProgress',
  },
  {
    name: 'compares an observed generation as a whole number',
    status: { observedGeneration: 2, phase: 'Up', ready: 1, wanted: 1 },
    want: 'Current',
  },
  {
    name: 'is unknown when an expression cannot be evaluated',
    status: { phase: 'Up', ready: 1 },
    want: 'Unknown',
    message: "failed to evaluate the CEL expression 'status.ready == status.wanted': no such key: wanted",
  },
]) {
  test(`a custom health check ${c.name}`, () => {
    const object = widget(c.status);
    const health = compileHealthExpressions([rule]).evaluate(object, objectId(object));
    assert.equal(health?.status, c.want);
    if (c.message !== undefined) assert.equal(health?.message, c.message);
  });
}

test('a rule for a kind beats the one for its group, and other groups have none', () => {
  const { evaluate, evaluates } = compileHealthExpressions([
    { apiVersion: 'example.org/v1beta1', current: 'false' },
    { apiVersion: 'example.org/v1', kind: 'Widget', current: 'true' },
  ]);
  const object = widget({});
  const id = objectId(object);
  assert.equal(evaluate(object, id)?.status, 'Current');
  assert.equal(evaluate(object, { ...id, kind: 'Gadget' })?.status, 'InProgress');
  assert.equal(evaluates({ ...id, group: 'apps' }), false);
  assert.equal(evaluate(object, { ...id, group: 'apps' }), undefined);
});

for (const c of [
  {
    name: 'an expression that is no CEL',
    rules: [rule, { apiVersion: 'example.org/v1', kind: 'Gadget', current: 'status.' }],
    want: /^failed to create custom status evaluator for healthchecks\[1\]: failed to parse the expression Current: failed to parse the CEL expression 'status.': ERROR: <input>:1:8: Syntax error/,
  },
  {
    name: 'two rules for the same kind in different versions',
    rules: [rule, { ...rule, apiVersion: 'example.org/v2' }],
    want: /^duplicate custom health check for GroupKind Widget\.example\.org$/,
  },
]) {
  test(`compileHealthExpressions refuses ${c.name}`, () => {
    assert.throws(() => compileHealthExpressions(c.rules), { message: c.want });
  });
}
