import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#crds';
import { compareVersions, liveEntry } from './live-entry.ts';
import { desiredObject } from './normalise.ts';
import { Records } from './records.ts';

const rules = { fieldManager: 'kustomize-controller', overrideManagers: [] };

function object(resourceVersion: string, options: { readonly uid?: string; readonly time?: string } = {}): KubeObject {
  const { uid = 'u1', time = 't1' } = options;
  const managedFields = [
    { manager: 'kustomize-controller', operation: 'Apply' as const, apiVersion: 'v1', time, fieldsV1: {} },
  ];
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x', namespace: 'n', uid, resourceVersion, managedFields },
  };
}

for (const c of [
  { name: 'our own write', seen: object('10'), want: 'same' },
  { name: 'a later write that does not concern us', seen: object('11'), want: 'same' },
  { name: 'a later write of what is ours', seen: object('11', { time: 't2' }), want: 'changed' },
  { name: 'another object of the same name', seen: object('11', { uid: 'u2' }), want: 'changed' },
  { name: 'the version before our write', seen: object('9', { time: 't0' }), want: 'ahead' },
  {
    name: 'the version before our write, for too long',
    seen: object('9', { time: 't0' }),
    afterMs: 11_000,
    want: 'changed',
  },
  { name: 'nothing yet', seen: undefined, want: 'ahead' },
  { name: 'nothing, for too long', seen: undefined, afterMs: 11_000, want: 'gone' },
])
  test(`standing: the watch shows ${c.name}`, () => {
    let now = 0;
    const records = new Records(rules, () => now);
    const desired = desiredObject(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'n' } },
      { name: 'o', namespace: 'n' },
      undefined,
    );
    const record = records.keep(desired, 'n/o', '', object('10'));
    now += c.afterMs ?? 0;
    const entry = c.seen === undefined ? undefined : liveEntry(c.seen, 'always', rules, new Date(0));
    assert.equal(records.standing(record, entry), c.want);
  });

test('standing: what was seen once and is gone is gone at once', () => {
  const records = new Records(rules, () => 0);
  const desired = desiredObject(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'n' } },
    { name: 'o', namespace: 'n' },
    undefined,
  );
  const record = records.keep(desired, 'n/o', '', object('10'));
  assert.equal(records.standing(record, liveEntry(object('10'), 'always', rules, new Date(0))), 'same');
  assert.equal(records.standing(record, undefined), 'gone');
});

test('compareVersions compares numbers of any length and nothing else', () => {
  assert.ok((compareVersions('9', '10') ?? 0) < 0);
  assert.ok((compareVersions('90071992547409930', '90071992547409929') ?? 0) > 0);
  assert.equal(compareVersions('7', '7'), 0);
  assert.equal(compareVersions('a', '7'), undefined);
  assert.equal(compareVersions(undefined, '7'), undefined);
});
