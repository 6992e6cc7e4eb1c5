import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from './contract.ts';
import { collectionPath, formatApiVersion, keyString, objectKey, parseApiVersion, resourcePath } from './names.ts';

const deployments: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};
const namespaces: Resource = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

for (const [apiVersion, group, version] of [
  ['v1', '', 'v1'],
  ['apps/v1', 'apps', 'v1'],
  ['kustomize.toolkit.fluxcd.io/v1', 'kustomize.toolkit.fluxcd.io', 'v1'],
] as const) {
  test(`apiVersion ${apiVersion} parses and prints`, () => {
    assert.deepEqual(parseApiVersion(apiVersion), { group, version });
    assert.equal(formatApiVersion({ group, version }), apiVersion);
  });
}

for (const c of [
  {
    name: 'of a namespaced object in a group',
    path: () => resourcePath(deployments, { namespace: 'a', name: 'b' }),
    want: '/apis/apps/v1/namespaces/a/deployments/b',
  },
  {
    name: 'of a cluster-scoped core object',
    path: () => resourcePath(namespaces, { name: 'a' }),
    want: '/api/v1/namespaces/a',
  },
  {
    name: 'of a cluster-scoped object ignores a namespace',
    path: () => resourcePath(namespaces, { namespace: 'x', name: 'a' }, 'status'),
    want: '/api/v1/namespaces/a/status',
  },
  {
    name: 'escapes what RBAC names may hold',
    path: () => resourcePath(namespaces, { name: 'system:x?y#z' }),
    want: '/api/v1/namespaces/system%3Ax%3Fy%23z',
  },
  {
    name: 'of a collection across namespaces',
    path: () => collectionPath(deployments),
    want: '/apis/apps/v1/deployments',
  },
  {
    name: 'of a collection in a namespace',
    path: () => collectionPath(deployments, 'a'),
    want: '/apis/apps/v1/namespaces/a/deployments',
  },
])
  test(`path ${c.name}`, () => assert.equal(c.path(), c.want));

for (const name of ['', '.', '..', 'a/b', '../secrets/x']) {
  test(`a name that would address something else is refused: "${name}"`, () => {
    assert.throws(() => resourcePath(deployments, { namespace: 'a', name }), TypeError);
    assert.throws(() => collectionPath(deployments, name === '' ? '..' : name), TypeError);
  });
}

test('a namespaced kind without a namespace is refused', () => {
  assert.throws(() => resourcePath(deployments, { name: 'b' }), /Deployment "b": it is namespaced/);
});

test('keys of objects', () => {
  assert.equal(keyString(objectKey({ metadata: { name: 'b', namespace: 'a' } })), 'a/b');
  assert.equal(keyString(objectKey({ metadata: { name: 'b', namespace: '' } })), 'b');
});
