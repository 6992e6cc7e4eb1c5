import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Selector } from '#crds';
import { ignoredPaths } from './ignore-rules.ts';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web-1', namespace: 'prod', labels: { tier: 'front' }, annotations: { scaled: 'yes' } },
};

const cases: readonly { readonly name: string; readonly target?: Selector; readonly want: boolean }[] = [
  { name: 'no target: every object', want: true },
  { name: 'its kind', target: { kind: 'Deployment' }, want: true },
  { name: 'a pattern for the whole name', target: { name: 'web-.*' }, want: true },
  { name: 'a part of the name only', target: { name: 'web' }, want: false },
  { name: 'one of two kinds', target: { kind: 'StatefulSet|Deployment' }, want: true },
  { name: 'another group', target: { group: 'batch', kind: 'Deployment' }, want: false },
  { name: 'its group, version and namespace', target: { group: 'apps', version: 'v1', namespace: 'prod' }, want: true },
  { name: 'its labels', target: { labelSelector: 'tier in (front,back)' }, want: true },
  { name: 'other labels', target: { labelSelector: 'tier!=front' }, want: false },
  { name: 'its annotations', target: { annotationSelector: 'scaled=yes' }, want: true },
];
for (const { name, target, want } of cases)
  test(`spec.ignore with ${name} ${want ? 'takes' : 'leaves'} the object`, () => {
    const rule = target === undefined ? { paths: ['/spec/replicas'] } : { paths: ['/spec/replicas'], target };
    assert.deepEqual(ignoredPaths([rule])(deployment), want ? ['/spec/replicas'] : []);
  });

for (const { name, rule } of [
  { name: 'a pointer without a slash', rule: { paths: ['spec.replicas'] } },
  { name: 'a pattern that is none', rule: { paths: ['/a'], target: { name: '(' } } },
  { name: 'a selector that is none', rule: { paths: ['/a'], target: { labelSelector: 'a==b==c' } } },
])
  test(`spec.ignore: ${name} is named`, () => {
    assert.throws(() => ignoredPaths([{ paths: ['/ok'] }, rule]), /^Error: cannot read spec.ignore\[1\]: /);
  });
