import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitReplacementPath } from './field-path.ts';

for (const { path, want } of [
  { path: 'a.b.0.*', want: ['a', 'b', '0', '*'] },
  { path: '.a.b', want: ['a', 'b'] },
  { path: 'a.b\\.c', want: ['a', 'b.c'] },
  { path: 'a.[k=x.y.z].b', want: ['a', '[k=x.y.z]', 'b'] },
  { path: 'a.[example.com/key]', want: ['a', 'example.com/key'] },
  { path: 'a.[open.x', want: ['a', 'open.x'] },
]) {
  test(`splitReplacementPath ${path}`, () => assert.deepEqual(splitReplacementPath(path), want));
}
