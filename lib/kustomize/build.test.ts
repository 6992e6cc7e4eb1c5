import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { build, type BuildOptions } from './build.ts';
import { memoryFileSystem } from './file-system.ts';
import { appendToField, readKustomizationLenient } from './kustomization/edit-kustomization.ts';
import { ParseCache } from './resource/read-resources.ts';
import { print, scalar } from './yaml/index.ts';

const options: BuildOptions = { loadRestrictions: 'rootOnly', order: 'none' };
const configMap = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: b}\n`;
const tree = (files: Record<string, string>): ReturnType<typeof memoryFileSystem> =>
  memoryFileSystem(new Map(Object.entries(files)));

describe('build', () => {
  test('gives objects with their identity and JSON', () => {
    const files = tree({
      '/k/kustomization.yaml': 'resources: [a.yaml]\nnamespace: team\n',
      '/k/a.yaml': configMap('a'),
    });
    const [object] = build(files, '/k', options).resources;
    assert.equal(object?.apiVersion, 'v1');
    assert.deepEqual([object.kind, object.name, object.namespace], ['ConfigMap', 'a', 'team']);
    assert.deepEqual(object.toJson(), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'team' },
      data: { a: 'b' },
    });
  });

  test('takes a kustomization in place of the file, as text or parsed', () => {
    const files = tree({ '/k/kustomization.yaml': 'resources: [a.yaml]\nunknown: 1\n', '/k/a.yaml': configMap('a') });
    assert.throws(() => build(files, '/k', options), {
      code: 'invalidKustomization',
      message: /unknown field "unknown"/,
    });
    const lenient = readKustomizationLenient('resources: [a.yaml]\nunknown: 1\n');
    lenient.set('namePrefix', scalar('p-'));
    appendToField(lenient, 'components', []);
    for (const kustomizationOverride of [lenient, print(lenient)]) {
      const result = build(files, '/k', { ...options, kustomizationOverride });
      assert.deepEqual(
        result.resources.map(({ name }) => name),
        ['p-a'],
      );
    }
  });

  test('leaves what a shared cache holds as it was read', () => {
    const files = tree({
      '/k/kustomization.yaml': 'resources: [a.yaml]\nnamePrefix: p-\n',
      '/k/a.yaml': configMap('a'),
    });
    const cache = new ParseCache(1 << 20);
    const texts = [1, 2, 3].map(() => build(files, '/k', { ...options, cache }).print());
    assert.equal(new Set(texts).size, 1);
    assert.match(texts[0] ?? '', /name: p-a\n/);
  });

  test('stops when it is cancelled', () => {
    const files = tree({ '/k/kustomization.yaml': 'namePrefix: a\n' });
    assert.throws(() => build(files, '/k', { ...options, signal: AbortSignal.abort() }), { name: 'AbortError' });
  });

  test('names file and line of what it cannot read', () => {
    const files = tree({ '/k/kustomization.yaml': 'resources: [a.yaml]\n', '/k/a.yaml': 'a: b\n c: d\n' });
    assert.throws(() => build(files, '/k', options), { code: 'malformedYaml', path: 'a.yaml', line: 2 });
  });
});
