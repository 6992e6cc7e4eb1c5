import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asKustomization, type KindName, kinds, unsupportedFields } from './kinds.ts';
import type { AnySchema } from './schema/schema.ts';

// Numbers of fields that the upstream CRDs have: top level, and nested ones included.
const sizes: Readonly<Record<KindName, readonly [number, number, number, number]>> = {
  GitRepository: [14, 28, 10, 34],
  OCIRepository: [14, 31, 7, 22],
  Bucket: [15, 24, 6, 19],
  HelmRepository: [11, 15, 5, 18],
  HelmChart: [9, 18, 8, 21],
  ExternalArtifact: [1, 5, 2, 15],
  Kustomization: [27, 82, 8, 24],
  Alert: [8, 14, 0, 0],
  Provider: [13, 16, 0, 0],
  Receiver: [8, 23, 4, 10],
};

for (const kind of Object.values(kinds)) {
  test(`${kind.kind} has as many fields as upstream`, () => {
    const { spec, status } = kind;
    const found = [
      countFields(spec),
      countPaths(spec),
      status ? countFields(status) : 0,
      status ? countPaths(status) : 0,
    ];
    assert.deepEqual(
      { [kind.kind]: found },
      { [kind.kind]: Object.entries(sizes).find(([name]) => name === kind.kind)?.[1] },
    );
  });

  test(`every field of ${kind.kind} is described`, () => {
    assert.deepEqual(undescribed(kind.spec, 'spec'), []);
    assert.deepEqual(kind.status ? undescribed(kind.status, 'status') : [], []);
  });
}

function countFields(schema: AnySchema): number {
  return Object.keys(schema.fields ?? {}).length;
}

function countPaths(schema: AnySchema): number {
  const nested = [...Object.values(schema.fields ?? {}), ...(schema.items ? [schema.items] : [])];
  return countFields(schema) + nested.reduce((sum, field) => sum + countPaths(field), 0);
}

function undescribed(schema: AnySchema, path: string): readonly string[] {
  const here = schema.json.description ? [] : [path];
  const below = Object.entries(schema.fields ?? {}).flatMap(([name, field]) => undescribed(field, `${path}.${name}`));
  const items = schema.items?.fields ? undescribed(schema.items, `${path}[]`) : [];
  return [...here, ...below, ...items];
}

const gitRepository = (spec: object) => ({
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata: { name: 'podinfo' },
  spec: { url: 'https://example.com/r', interval: '1m', ...spec },
});
const kustomization = (spec: object) => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'apps' },
  spec: { interval: '1m', prune: true, sourceRef: { kind: 'GitRepository', name: 'podinfo' }, ...spec },
});

for (const c of [
  { name: 'nothing of a plain GitRepository', object: gitRepository({ provider: 'generic' }), want: [] },
  {
    name: 'nothing that is set to its zero value',
    object: gitRepository({ recurseSubmodules: false, include: [], sparseCheckout: [], serviceAccountName: '' }),
    want: [],
  },
  { name: 'a value', object: gitRepository({ provider: 'azure' }), want: ['spec.provider "azure"'] },
  {
    name: 'a whole field once',
    object: gitRepository({ serviceAccountName: 'cloud' }),
    want: ['spec.serviceAccountName'],
  },
  {
    name: 'nothing of expressions',
    object: kustomization({ dependsOn: [{ name: 'b', readyExpr: 'true' }], healthCheckExprs: [{}] }),
    want: [],
  },
  {
    name: 'temporary credentials of a bucket',
    object: { ...gitRepository({}), kind: 'Bucket', spec: { provider: 'azure', sts: { provider: 'aws' } } },
    want: ['spec.sts'],
  },
  {
    name: 'nothing of a foreign object',
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, spec: { verify: 1 } },
    want: [],
  },
]) {
  test(`unsupportedFields names ${c.name}`, () => assert.deepEqual(unsupportedFields(c.object), c.want));
}

test('asKustomization hands a Kustomization through', () => {
  const object = kustomization({});
  assert.equal(asKustomization(object), object);
});

for (const c of [
  {
    name: 'another kind',
    object: gitRepository({}),
    words: /it is "source.toolkit.fluxcd.io\/v1, GitRepository", expected/,
  },
  { name: 'an object without spec', object: { ...kustomization({}), spec: undefined }, words: /apps has no spec/ },
  { name: 'text', object: 'Kustomization', words: /it is string/ },
]) {
  test(`asKustomization refuses ${c.name}`, () => assert.throws(() => asKustomization(c.object), c.words));
}
