import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectId } from './contract.ts';
import { formatObject } from './object-id.ts';
import { compareIds, diffInventory, partsOf, stagesOf } from './order.ts';

function id(kind: string, name = 'x', group = '', namespace?: string): ObjectId {
  return { group, version: 'v1', kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

const shuffled = [
  id('ValidatingWebhookConfiguration', 'v', 'admissionregistration.k8s.io'),
  id('Deployment', 'b', 'apps', 'n'),
  id('Widget', 'w', 'zoo.io', 'n'),
  id('Secret', 's', '', 'n'),
  id('Ingress', 'i', 'networking.k8s.io', 'n'),
  id('Deployment', 'a', 'apps', 'n'),
  id('Namespace', 'n'),
  id('MutatingWebhookConfiguration', 'm', 'admissionregistration.k8s.io'),
  id('PodDisruptionBudget', 'p', 'policy', 'n'),
  id('Deployment', 'z', 'apps', 'm'),
  id('StorageClass', 'c', 'storage.k8s.io'),
  id('CustomResourceDefinition', 'd', 'apiextensions.k8s.io'),
  id('ServiceAccount', 'sa', '', 'n'),
];
const sorted = [
  'CustomResourceDefinition/d',
  'Namespace/n',
  'StorageClass/c',
  'ServiceAccount/n/sa',
  'Secret/n/s',
  'Deployment/m/z',
  'Deployment/n/a',
  'Deployment/n/b',
  'PodDisruptionBudget/n/p',
  'Ingress/n/i',
  'Widget/n/w',
  'MutatingWebhookConfiguration/m',
  'ValidatingWebhookConfiguration/v',
];

test('objects are applied in the order of kinds, then group, kind, namespace and name', () => {
  assert.deepEqual(shuffled.toSorted(compareIds).map(formatObject), sorted);
});

test('what left the inventory is deleted in reverse order, whatever its version', () => {
  const gone = diffInventory(shuffled, [{ ...id('Widget', 'w', 'zoo.io', 'n'), version: 'v2' }]);
  assert.deepEqual(
    gone.map(formatObject),
    sorted.toReversed().filter((name) => name !== 'Widget/n/w'),
  );
});

function stages(ids: readonly ObjectId[], custom: readonly string[] = []): unknown {
  const items = ids.map((one) => ({ id: one }));
  return stagesOf(items, custom).map(({ items: list, waits }) => [waits, ...list.map((item) => formatObject(item.id))]);
}

test('foundations and classes are stages that are waited for, custom kinds one that is not', () => {
  const ids = [
    id('Tenant', 't', 'x.io'),
    id('GatewayClass', 'g', 'gateway.networking.k8s.io'),
    id('ConfigMap', 'c', '', 'n'),
    id('ClusterRole', 'r'),
    id('Job', 'j', 'batch', 'n'),
    id('FooClass', 'f', 'x.io'),
  ];
  assert.deepEqual(stages(ids, ['x.io/Tenant', 'ConfigMap', 'other.io/Job']), [
    [true, 'ClusterRole/r'],
    [true, 'GatewayClass/g', 'FooClass/f'],
    [false, 'ConfigMap/n/c', 'Tenant/t'],
    [false, 'Job/n/j'],
  ]);
  assert.deepEqual(stages([]), []);
});

test('a stage is written kind by kind', () => {
  const items = shuffled.toSorted(compareIds).map((one) => ({ id: one }));
  assert.deepEqual(
    partsOf(items).map((part) => part.length),
    [1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1],
  );
  const sameKind = [{ id: id('Ingress', 'a', 'a.io') }, { id: id('Ingress', 'a', 'b.io') }];
  assert.equal(partsOf(sameKind).length, 2, 'kinds of different groups are different kinds');
});
