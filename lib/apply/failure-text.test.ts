import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeApiError } from '#kube';
import type { ObjectId } from './contract.ts';
import { dryRunFailure, isForceable, pruneMessage, undeclaredFields } from './failure-text.ts';

const configMap: ObjectId = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'ns', name: 'n' };
const secret: ObjectId = { ...configMap, kind: 'Secret' };
const refused = (
  code: number,
  reason: string,
  message: string,
  causes: readonly { reason: string }[] = [],
): KubeApiError => new KubeApiError(code, { code, reason, message, details: { causes } });

for (const c of [
  {
    name: 'a reason',
    id: configMap,
    error: refused(422, 'Invalid', 'bad'),
    want: 'ConfigMap/ns/n dry-run failed (Invalid): bad',
  },
  { name: 'no reason', id: configMap, error: refused(500, '', 'bad'), want: 'ConfigMap/ns/n dry-run failed: bad' },
  {
    name: 'a conflict of managers',
    id: configMap,
    error: refused(409, 'Conflict', 'bad', [{ reason: 'FieldManagerConflict' }]),
    want: 'ConfigMap/ns/n dry-run failed (FieldManagerConflict): bad',
  },
  {
    name: 'not found in a namespace',
    id: configMap,
    error: refused(404, 'NotFound', 'namespaces "ns" not found'),
    want: 'ConfigMap/ns/n not found: namespaces "ns" not found',
  },
  {
    name: 'not found without a namespace',
    id: { ...configMap, namespace: undefined },
    error: refused(404, 'NotFound', 'nope'),
    want: 'ConfigMap/n namespace not specified: nope',
  },
  {
    name: 'a value of a Secret',
    id: secret,
    error: refused(
      500,
      '',
      '.data.p: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":"hidden"}}',
    ),
    want: 'Secret/ns/n dry-run failed: .data.p: expected string, got *****',
  },
  {
    name: 'an invalid value of a Secret',
    id: secret,
    error: refused(422, 'Invalid', 'data[x]: Invalid value: "hid\\"den": must be 1'),
    want: 'Secret/ns/n dry-run failed (Invalid): data[x]: Invalid value: "*****": must be 1',
  },
])
  test(`dryRunFailure: ${c.name}`, () => {
    assert.equal(dryRunFailure(c.id, c.error), c.want);
  });

test('isForceable: conflicts, invalid objects and immutable fields', () => {
  assert.ok(isForceable(refused(409, 'Conflict', 'x')));
  assert.ok(isForceable(refused(422, 'Invalid', 'x')));
  assert.ok(isForceable(refused(400, 'BadRequest', 'spec is immutable after creation')));
  assert.ok(isForceable(refused(403, 'Forbidden', 'updates to immutable field x')));
  assert.ok(!isForceable(refused(403, 'Forbidden', 'no')));
  assert.ok(!isForceable(new Error('is immutable')));
});

test('undeclaredFields: every path of the message', () => {
  const head = 'failed to create typed patch object (default/d; apps/v1, Kind=Deployment):';
  assert.deepEqual(undeclaredFields(refused(500, '', `${head} .spec.replica: field not declared in schema`)), [
    '.spec.replica',
  ]);
  const text = `${head} errors:\n  .spec.a: field not declared in schema\n  .spec.c[name="x:y"].ports[containerPort=80,protocol="TCP"].b: field not declared in schema\n  .spec.n: expected numeric, got x`;
  assert.deepEqual(undeclaredFields(refused(500, '', text)), [
    '.spec.a',
    '.spec.c[name="x:y"].ports[containerPort=80,protocol="TCP"].b',
  ]);
});

test('pruneMessage joins what could not be deleted', () => {
  assert.equal(
    pruneMessage([
      { id: configMap, error: 'a' },
      { id: secret, error: 'b' },
    ]),
    'delete failed, errors: a;b;',
  );
});
