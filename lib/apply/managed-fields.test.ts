import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManagedFieldsEntry } from '#crds';
import { fingerprintOf, foldManagedFields } from './managed-fields.ts';

const rules = { fieldManager: 'kustomize-controller', overrideManagers: ['argocd'] };

function entry(
  manager: string,
  operation: 'Apply' | 'Update',
  fieldsV1: Record<string, unknown>,
  rest: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...rest,
  };
}

const own = entry('kustomize-controller', 'Apply', { 'f:data': { 'f:a': {} } });
const foreign = entry('helm', 'Update', { 'f:data': { 'f:z': {} } });

for (const c of [
  { name: 'kubectl Update', taken: entry('kubectl-client-side-apply', 'Update', { 'f:data': { '.': {}, 'f:b': {} } }) },
  { name: 'kubectl Apply', taken: entry('kubectl', 'Apply', { 'f:data': { '.': {}, 'f:b': {} } }) },
  { name: 'before-first-apply', taken: entry('before-first-apply', 'Update', { 'f:data': { '.': {}, 'f:b': {} } }) },
  { name: 'our own Update', taken: entry('kustomize-controller', 'Update', { 'f:data': { '.': {}, 'f:b': {} } }) },
  { name: 'an overridden manager', taken: entry('argocd-controller', 'Apply', { 'f:data': { '.': {}, 'f:b': {} } }) },
])
  test(`foldManagedFields: fields of ${c.name} become ours`, () => {
    assert.deepEqual(foldManagedFields([c.taken, own, foreign], rules, 'v1'), [
      { ...own, fieldsV1: { 'f:data': { 'f:a': {}, '.': {}, 'f:b': {} } } },
      foreign,
    ]);
  });

for (const c of [
  { name: 'another manager', left: foreign },
  { name: 'before-first-apply by Apply', left: entry('before-first-apply', 'Apply', {}) },
  { name: 'the status of kubectl', left: entry('kubectl', 'Update', { 'f:status': {} }, { subresource: 'status' }) },
  { name: 'a scale by kubectl', left: entry('kubectl', 'Update', { 'f:spec': {} }, { subresource: 'scale' }) },
])
  test(`foldManagedFields: ${c.name} is left alone`, () => {
    assert.equal(foldManagedFields([own, c.left], rules, 'v1'), undefined);
  });

test('foldManagedFields: an object that we never applied gets our first entry', () => {
  const kubectl = entry(
    'kubectl-client-side-apply',
    'Update',
    { 'f:spec': { 'f:replicas': {} } },
    { apiVersion: 'apps/v1' },
  );
  assert.deepEqual(foldManagedFields([kubectl], rules, 'apps/v1'), [
    { ...kubectl, manager: 'kustomize-controller', operation: 'Apply' },
  ]);
});

test('the fingerprint ignores status and other managers, and sees all that concerns us', () => {
  const print = (
    managedFields: readonly ManagedFieldsEntry[],
    annotations: Record<string, string> = {},
  ): string | undefined => fingerprintOf({ managedFields, annotations }, rules);
  const before = print([own]);
  const status = entry('kube-controller-manager', 'Update', { 'f:status': {} }, { subresource: 'status' });
  assert.equal(print([status, foreign, own], { note: 'x' }), before);
  for (const changed of [
    print([entry('kustomize-controller', 'Apply', { 'f:data': {} })]),
    print([{ ...own, time: '2026-01-01T00:00:01Z' }]),
    print([own, entry('kubectl-edit', 'Update', { 'f:data': { 'f:y': {} } })]),
    print([own], { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' }),
    print([foreign]),
  ])
    assert.notEqual(changed, before);
  assert.equal(print([foreign]), undefined);
});
