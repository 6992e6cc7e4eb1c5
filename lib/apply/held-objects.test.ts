import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#crds';
import { heldBy } from './held-objects.ts';
import { desiredObject } from './normalise.ts';

const desired = (kind: string, name: string, rest: object = {}, namespace = 'apps', apiVersion = 'v1') => {
  const object: KubeObject = {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    ...rest,
  };
  return desiredObject(object, { name: 'k', namespace: 'n' }, undefined);
};
const pod = (spec: object) => desired('Deployment', 'web', { spec: { template: { spec } } }, 'apps', 'apps/v1');
const crd = desired(
  'CustomResourceDefinition',
  'widgets.example.com',
  { spec: { group: 'example.com', names: { kind: 'Widget' } } },
  '',
  'apiextensions.k8s.io/v1',
);

for (const c of [
  {
    name: 'its namespace',
    failed: desired('Namespace', 'apps', {}, ''),
    object: desired('ConfigMap', 'a'),
    held: true,
  },
  {
    name: 'another namespace',
    failed: desired('Namespace', 'other', {}, ''),
    object: desired('ConfigMap', 'a'),
    held: false,
  },
  {
    name: 'the definition of its kind',
    failed: crd,
    object: desired('Widget', 'w', {}, 'apps', 'example.com/v1'),
    held: true,
  },
  {
    name: 'the definition of another kind',
    failed: crd,
    object: desired('Gadget', 'w', {}, 'apps', 'example.com/v1'),
    held: false,
  },
  {
    name: 'a Secret that it mounts',
    failed: desired('Secret', 's'),
    object: pod({ volumes: [{ secret: { secretName: 's' } }] }),
    held: true,
  },
  {
    name: 'a ConfigMap that it reads',
    failed: desired('ConfigMap', 'c'),
    object: pod({ containers: [{ envFrom: [{ configMapRef: { name: 'c' } }] }] }),
    held: true,
  },
  { name: 'its account', failed: desired('ServiceAccount', 'a'), object: pod({ serviceAccountName: 'a' }), held: true },
  {
    name: 'the same name in another namespace',
    failed: desired('ServiceAccount', 'a', {}, 'other'),
    object: pod({ serviceAccountName: 'a' }),
    held: false,
  },
  {
    name: 'the role that it binds',
    failed: desired('Role', 'r', {}, 'apps', 'rbac.authorization.k8s.io/v1'),
    object: desired(
      'RoleBinding',
      'b',
      { roleRef: { kind: 'Role', name: 'r' } },
      'apps',
      'rbac.authorization.k8s.io/v1',
    ),
    held: true,
  },
  { name: 'nothing of it', failed: desired('Secret', 's'), object: desired('ConfigMap', 'c'), held: false },
])
  test(`what failed was ${c.name}: the object is ${c.held ? 'held' : 'applied'}`, () => {
    const failure = { id: c.failed.id, message: 'no' };
    assert.equal(heldBy(c.object, [{ desired: c.failed, failure }]) !== undefined, c.held);
  });
