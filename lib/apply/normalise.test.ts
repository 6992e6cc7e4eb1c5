import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommonMetadata, KubeObject } from '#crds';
import { desiredObject, isSopsEncrypted } from './normalise.ts';

const owner = { name: 'app', namespace: 'flux-system' };
const labels = { 'kustomize.toolkit.fluxcd.io/name': 'app', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' };

function send(source: object, common?: CommonMetadata): Record<string, unknown> {
  const { object } = desiredObject(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, ...source },
    owner,
    common,
  );
  return JSON.parse(JSON.stringify(object));
}

for (const c of [
  {
    name: 'what the server writes itself goes',
    source: { metadata: { name: 'x', creationTimestamp: null, managedFields: [] }, status: { a: 1 }, data: { k: 'v' } },
    want: { metadata: { name: 'x', labels }, data: { k: 'v' } },
  },
  {
    name: 'the status of a CRD stays',
    source: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      status: { storedVersions: ['v1'] },
    },
    want: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'x', labels },
      status: { storedVersions: ['v1'] },
    },
  },
  {
    name: 'stringData becomes data and wins over it',
    source: { kind: 'Secret', data: { a: 'b2xk', b: 'Yg==' }, stringData: { a: 'ä' } },
    want: { kind: 'Secret', metadata: { name: 'x', labels }, data: { a: 'w6Q=', b: 'Yg==' } },
  },
  {
    name: 'ports of a Service get a protocol',
    source: { kind: 'Service', spec: { ports: [{ port: 1 }, { port: 2, protocol: 'UDP' }] } },
    want: {
      kind: 'Service',
      metadata: { name: 'x', labels },
      spec: {
        ports: [
          { port: 1, protocol: 'TCP' },
          { port: 2, protocol: 'UDP' },
        ],
      },
    },
  },
  {
    name: 'ports of all containers of a CronJob get a protocol',
    source: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: {
        jobTemplate: {
          spec: {
            template: {
              spec: {
                containers: [{ ports: [{ containerPort: 1 }] }],
                initContainers: [{ ports: [{ containerPort: 2 }] }],
              },
            },
          },
        },
      },
    },
    want: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'x', labels },
      spec: {
        jobTemplate: {
          spec: {
            template: {
              spec: {
                containers: [{ ports: [{ containerPort: 1, protocol: 'TCP' }] }],
                initContainers: [{ ports: [{ containerPort: 2, protocol: 'TCP' }] }],
              },
            },
          },
        },
      },
    },
  },
  {
    name: 'nulls of built-in kinds go, but a null in the data of a ConfigMap is empty',
    source: { metadata: { name: 'x', annotations: null }, data: { a: null, b: 'c' }, immutable: null },
    want: { metadata: { name: 'x', labels }, data: { a: '', b: 'c' } },
  },
  {
    name: 'nulls of custom resources stay',
    source: { apiVersion: 'x.io/v1', kind: 'Foo', spec: { a: null } },
    want: { apiVersion: 'x.io/v1', kind: 'Foo', metadata: { name: 'x', labels }, spec: { a: null } },
  },
  {
    name: 'numbers and booleans in labels become text',
    source: { metadata: { name: 'x', labels: { n: 1, b: true } } },
    want: { metadata: { name: 'x', labels: { n: '1', b: 'true', ...labels } } },
  },
  {
    name: 'a placeholder for a CA bundle goes',
    source: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      spec: { conversion: { webhook: { clientConfig: { caBundle: 'Cg==', service: {} } } } },
    },
    want: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'x', labels },
      spec: { conversion: { webhook: { clientConfig: { service: {} } } } },
    },
  },
])
  test(`desiredObject: ${c.name}`, () => {
    assert.deepEqual(send(c.source), { apiVersion: 'v1', kind: 'ConfigMap', ...c.want });
  });

test('desiredObject: common metadata wins over owner labels and the object itself', () => {
  const name = 'kustomize.toolkit.fluxcd.io/name';
  const sent = send(
    { metadata: { name: 'x', annotations: { a: '1', b: '1' } } },
    { labels: { [name]: 'other' }, annotations: { a: '2' } },
  );
  assert.deepEqual(sent['metadata'], {
    name: 'x',
    labels: { ...labels, [name]: 'other' },
    annotations: { a: '2', b: '1' },
  });
});

test('desiredObject changes nothing of what it was given', () => {
  const source: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'x' },
    stringData: { a: 'b' },
    data: {},
  };
  const before = structuredClone(source);
  desiredObject(source, owner, undefined);
  assert.deepEqual(source, before);
});

test('integers beyond 2^53 keep their digits', () => {
  const source = { apiVersion: 'x.io/v1', kind: 'Foo', metadata: { name: 'x' }, spec: { n: 9007199254740993n } };
  assert.match(JSON.stringify(desiredObject(source, owner, undefined).object), /"n":9007199254740993\}/);
});

test('the digest follows what is sent', () => {
  const digest = (data: object): string =>
    desiredObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data }, owner, undefined).digest;
  assert.equal(digest({ a: '1' }), digest({ a: '1' }));
  assert.notEqual(digest({ a: '1' }), digest({ a: '2' }));
});

test('a key named __proto__ is data like any other', () => {
  const source: KubeObject = JSON.parse(
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"__proto__":"v"}}',
  );
  const { object } = desiredObject(source, owner, undefined);
  assert.match(JSON.stringify(object), /"data":\{"__proto__":"v"\}/);
});

test('isSopsEncrypted sees Secrets with an envelope only', () => {
  const metadata = { name: 'x' };
  assert.equal(isSopsEncrypted({ apiVersion: 'v1', kind: 'Secret', metadata, sops: { mac: 'x' } }), true);
  assert.equal(isSopsEncrypted({ apiVersion: 'v1', kind: 'Secret', metadata }), false);
  assert.equal(isSopsEncrypted({ apiVersion: 'v1', kind: 'ConfigMap', metadata, sops: {} }), false);
});
