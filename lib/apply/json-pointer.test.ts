import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePointer, removeAt, replaceAt, valueAt } from './json-pointer.ts';

const object = (): object => ({ a: { 'b/c': 1, '~': 2 }, list: [{ x: 1 }, { x: 2 }], empty: null });

for (const c of [
  { pointer: '/a/b~1c', value: 1, without: { a: { '~': 2 }, list: [{ x: 1 }, { x: 2 }], empty: null } },
  { pointer: '/a/~0', value: 2, without: { a: { 'b/c': 1 }, list: [{ x: 1 }, { x: 2 }], empty: null } },
  { pointer: '/list/1/x', value: 2, without: { a: { 'b/c': 1, '~': 2 }, list: [{ x: 1 }, {}], empty: null } },
  { pointer: '/list/0', value: { x: 1 }, without: { a: { 'b/c': 1, '~': 2 }, list: [{ x: 2 }], empty: null } },
  { pointer: '/list/01/x', value: undefined, without: object() },
  { pointer: '/list/-', value: undefined, without: object() },
  { pointer: '/toString', value: undefined, without: object() },
  { pointer: '/empty/x', value: undefined, without: object() },
])
  test(`JSON pointer ${c.pointer}`, () => {
    const path = parsePointer(c.pointer);
    assert.deepEqual(valueAt(object(), path), c.value);
    const copy = object();
    removeAt(copy, path);
    assert.deepEqual(copy, c.without);
    const other = object();
    replaceAt(other, path, 'new');
    assert.deepEqual(valueAt(other, path), c.value === undefined ? undefined : 'new');
  });

test('a pointer starts with a slash', () => {
  assert.throws(() => parsePointer('spec.replicas'), /cannot read JSON pointer "spec.replicas"/);
});
