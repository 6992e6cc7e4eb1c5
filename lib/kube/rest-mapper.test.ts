import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAggregatedList, readResourceList } from './rest-mapper.ts';

test('readAggregatedList maps kinds, leaves stale versions to be asked for, and ignores what is no such list', () => {
  const kind = (name: string): object => ({ group: 'x.io', version: 'v1', kind: name });
  const list = {
    kind: 'APIGroupDiscoveryList',
    items: [
      {
        metadata: { name: 'x.io' },
        versions: [
          {
            version: 'v1',
            freshness: 'Current',
            resources: [
              { resource: 'foos', responseKind: kind('Foo'), scope: 'Namespaced' },
              { resource: 'bars', responseKind: kind('Bar'), scope: 'Cluster' },
              { resource: 'virtual' },
            ],
          },
          { version: 'v2', freshness: 'Stale', resources: [] },
        ],
      },
      { metadata: { creationTimestamp: null }, versions: [{ version: 'v1', resources: [] }] },
    ],
  };
  const known = new Map(readAggregatedList(list));
  assert.deepEqual([...known.keys()], ['x.io/v1', 'v1']);
  assert.deepEqual(
    [...(known.get('x.io/v1')?.values() ?? [])],
    [
      { group: 'x.io', version: 'v1', kind: 'Foo', plural: 'foos', namespaced: true },
      { group: 'x.io', version: 'v1', kind: 'Bar', plural: 'bars', namespaced: false },
    ],
  );
  assert.deepEqual([...readAggregatedList({ kind: 'APIGroupList', groups: [] })], []);
  assert.deepEqual([...readAggregatedList('ok')], []);
});

test('readResourceList takes the first resource of a kind and no subresource', () => {
  const resources = [
    { name: 'deployments', kind: 'Deployment', namespaced: true },
    { name: 'deployments/scale', kind: 'Scale', namespaced: true },
    { name: 'others', kind: 'Deployment', namespaced: true },
  ];
  assert.deepEqual(
    [...readResourceList({ resources }, 'apps', 'v1')],
    [['Deployment', { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true }]],
  );
});
