import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kustomization } from '#crds';
import { cycleThrough, orderByDependencies } from './dependency-order.ts';

function kustomization(name: string, ...dependsOn: string[]): Kustomization {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: 'ns' },
    spec: {
      interval: '1m',
      prune: true,
      sourceRef: { kind: 'GitRepository', name: 's' },
      dependsOn: dependsOn.map((other) => ({ name: other })),
    },
  };
}

test('orderByDependencies puts roots first and ignores strangers and repetitions', () => {
  const { keys, cycle } = orderByDependencies([
    kustomization('c', 'b', 'a', 'b'),
    kustomization('b', 'a', 'stranger'),
    kustomization('a'),
  ]);
  assert.deepEqual(keys, ['ns/a', 'ns/b', 'ns/c']);
  assert.equal(cycle, undefined);
});

test('orderByDependencies puts a cycle and who hangs on it last, and names the cycle', () => {
  const { keys, cycle } = orderByDependencies([
    kustomization('hanger', 'x'),
    kustomization('x', 'y'),
    kustomization('y', 'z'),
    kustomization('z', 'x'),
    kustomization('free'),
  ]);
  assert.deepEqual(keys, ['ns/free', 'ns/hanger', 'ns/x', 'ns/y', 'ns/z']);
  assert.deepEqual(cycle, ['ns/x', 'ns/y', 'ns/z', 'ns/x']);
});

test('cycleThrough finds the way back to the start only', () => {
  const edges: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['b'], self: ['self'] };
  const dependenciesOf = (key: string): readonly string[] => edges[key] ?? [];
  assert.equal(cycleThrough('a', dependenciesOf), undefined);
  assert.deepEqual(cycleThrough('b', dependenciesOf), ['b', 'c', 'b']);
  assert.deepEqual(cycleThrough('self', dependenciesOf), ['self', 'self']);
});
