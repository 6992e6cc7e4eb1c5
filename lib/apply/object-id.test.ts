import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectId } from './contract.ts';
import { formatChanges, formatObject, inventoryEntry, objectId, parseInventoryEntry } from './object-id.ts';

const rbac = 'rbac.authorization.k8s.io';

for (const c of [
  {
    name: 'a namespaced core object',
    id: { group: '', version: 'v1', kind: 'Service', namespace: 'default', name: 'podinfo' },
    text: 'default_podinfo__Service',
  },
  {
    name: 'a cluster-scoped core object',
    id: { group: '', version: 'v1', kind: 'Namespace', name: 'cert-manager' },
    text: '_cert-manager__Namespace',
  },
  {
    name: 'a grouped object',
    id: { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'a', name: 'b.c' },
    text: 'a_b.c_apps_Deployment',
  },
  {
    name: 'an RBAC name with colons',
    id: { group: rbac, version: 'v1', kind: 'ClusterRole', name: 'system:metrics:reader' },
    text: `_system__metrics__reader_${rbac}_ClusterRole`,
  },
  {
    name: 'a namespaced RBAC name with a colon',
    id: { group: rbac, version: 'v1', kind: 'RoleBinding', namespace: 'n', name: 'a:b' },
    text: `n_a__b_${rbac}_RoleBinding`,
  },
] satisfies readonly { name: string; id: ObjectId; text: string }[])
  test(`inventory ids: ${c.name} there and back`, () => {
    const entry = inventoryEntry(c.id);
    assert.deepEqual(entry, { id: c.text, v: c.id.version });
    assert.deepEqual(parseInventoryEntry(entry), c.id);
  });

for (const id of ['', 'a_b', 'a_b_c', '___', 'a__apps_Deployment', 'a_b_apps_'])
  test(`inventory ids: "${id}" is refused`, () => {
    assert.throws(() => parseInventoryEntry({ id, v: 'v1' }), {
      message: `cannot parse inventory id "${id}": expected <namespace>_<name>_<group>_<kind>`,
    });
  });

test('subjects leave the namespace of cluster-scoped objects out', () => {
  const inNamespace = objectId({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'a' },
  });
  const alone = objectId({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } });
  assert.equal(formatObject(inNamespace), 'Deployment/a/web');
  assert.equal(
    formatChanges([
      { id: alone, action: 'created' },
      { id: inNamespace, action: 'skipped' },
    ]),
    'Namespace/a created\nDeployment/a/web skipped',
  );
});
