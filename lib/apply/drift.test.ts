import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#crds';
import { hasDrifted } from './drift.ts';

const live: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x', labels: { a: '1' }, annotations: { b: '1' }, resourceVersion: '7' },
  data: { k: 'v', l: 'w' },
  status: { n: 1 },
};
const hpa = (metrics: readonly unknown[]): KubeObject => ({
  ...live,
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  spec: { metrics },
});

for (const c of [
  { name: 'nothing', dryRun: live, want: false },
  { name: 'the order of keys', dryRun: { ...live, data: { l: 'w', k: 'v' } }, want: false },
  { name: 'status', dryRun: { ...live, status: {} }, want: false },
  {
    name: 'other metadata',
    dryRun: { ...live, metadata: { ...live.metadata, resourceVersion: '8', generation: 3, finalizers: ['f'] } },
    want: false,
  },
  { name: 'a label', dryRun: { ...live, metadata: { ...live.metadata, labels: { a: '2' } } }, want: true },
  { name: 'a removed annotation', dryRun: { ...live, metadata: { name: 'x', labels: { a: '1' } } }, want: true },
  { name: 'data', dryRun: { ...live, data: { k: 'v' } }, want: true },
  { name: 'a new field', dryRun: { ...live, immutable: true }, want: true },
])
  test(`hasDrifted: ${c.name} ${c.want ? 'is' : 'is no'} drift`, () => {
    assert.equal(hasDrifted(live, c.dryRun), c.want);
  });

test('hasDrifted: a metric of an autoscaler told twice is no drift', () => {
  assert.equal(hasDrifted(hpa([{ type: 'Resource' }]), hpa([{ type: 'Resource' }, { type: 'Resource' }])), false);
  assert.equal(hasDrifted(hpa([{ type: 'Resource' }]), hpa([{ type: 'Resource' }, { type: 'Pods' }])), true);
});
