import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, PostBuild } from '#crds';
import { type MapNode, print, readDocuments } from '#kustomize';
import { SubstituteError, substituteResource, substitutes } from './substitute-resource.ts';
import { loadVariables, type VariableReader } from './variables.ts';

function resource(text: string): MapNode {
  const [node] = readDocuments(text);
  assert.ok(node?.kind === 'map');
  return node;
}

const objects: Readonly<Record<string, KubeObject>> = {
  'ConfigMap/one': { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: '1', b: 'x\ny\n' } },
  'Secret/two': { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'two' }, data: { a: 'Mg==' } },
  'ConfigMap/bad': { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' }, data: { 'my.file': '' } },
};
const read: VariableReader = (kind, name) => Promise.resolve(objects[`${kind}/${name}`]);

async function substitute(text: string, postBuild: PostBuild, strict = true): Promise<string> {
  return print(substituteResource(resource(text), await loadVariables(postBuild, read), { strict }));
}

const configMap = (body: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n${body}`;

test('later references win over earlier ones, inline values over all, and newlines go', async () => {
  const from = [
    { kind: 'ConfigMap', name: 'one' },
    { kind: 'Secret', name: 'two' },
  ] as const;
  const variables = await loadVariables({ substituteFrom: from, substitute: { c: 'i\nn' } }, read);
  assert.deepEqual(
    [...variables.values],
    [
      ['a', '2'],
      ['b', 'xy'],
      ['c', 'in'],
    ],
  );
  const inline = await loadVariables({ substituteFrom: from, substitute: { a: '3' } }, read);
  assert.equal(inline.values.get('a'), '3');
});

test('scalars get the type of what they become, under YAML 1.1', async () => {
  const text = configMap('spec:\n  n: ${n}\n  q: "${n}"\n  b: ${b}\n  s: a${n}\n');
  assert.equal(
    await substitute(text, { substitute: { n: '3', b: 'yes' } }),
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\nspec:\n  b: true\n  "n": 3\n  q: 3\n  s: a3\n',
  );
});

test('a label that becomes a number keeps its text', async () => {
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    empty: ${e}\n    v: ${v}\n  name: x\n';
  assert.equal(
    await substitute(text, { substitute: { v: '1.10', e: '' } }),
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    empty: ""\n    v: "1.10"\n  name: x\n',
  );
});

for (const field of ['labels', 'annotations']) {
  test(`an object opts out by one of its ${field}, spelled exactly`, async () => {
    const text = (value: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  ${field}:\n    kustomize.toolkit.fluxcd.io/substitute: ${value}\n  name: \${a}\n`;
    assert.match(await substitute(text('disabled'), { substitute: { a: 'z' } }), /name: \$\{a\}/);
    assert.match(await substitute(text('Disabled'), { substitute: { a: 'z' } }), /name: z/);
  });
}

test('nothing is done without a variable, unless the strategy is Always', async () => {
  const none = await loadVariables({ substituteFrom: [{ kind: 'ConfigMap', name: 'gone', optional: true }] }, read);
  assert.equal(substitutes({}, none), false);
  assert.equal(substitutes({ substituteStrategy: 'Always' }, none), true);
});

for (const c of [
  {
    name: 'a missing reference',
    postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'gone' }] },
    want: `substitute from 'ConfigMap/gone' error: configmaps "gone" not found`,
  },
  {
    name: 'an illegal name, used or not',
    postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'bad' }] },
    want: "envsubst error: 'my.file' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'",
  },
  {
    name: 'a variable that is not set',
    postBuild: { substitute: { other: '1' } },
    want: 'envsubst error: variable substitution failed: variable not set (strict mode): "a"',
  },
  {
    name: 'a value that breaks the text',
    postBuild: { substitute: { a: '[' } },
    want: /^YAMLToJSON: yaml: line \d+: /,
  },
] as const) {
  test(`substituteResource names the object and ${c.name}`, async () => {
    await assert.rejects(substitute(configMap('data:\n  k: ${a}\n'), c.postBuild), (error: unknown) => {
      assert.ok(error instanceof SubstituteError);
      const prefix = "post build failed for 'ConfigMap.v1.[noGrp]/x': ";
      assert.ok(error.message.startsWith(prefix), error.message);
      const rest = error.message.slice(prefix.length);
      if (typeof c.want === 'string') assert.equal(rest, c.want);
      else assert.match(rest, c.want);
      return true;
    });
  });
}

test('the group stands in the name of an object', async () => {
  const text = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec: ${u}\n';
  await assert.rejects(substitute(text, { substitute: { a: '1' } }), /'Deployment\.v1\.apps\/d'/);
});
