import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileGlob } from './glob.ts';

for (const [glob, name, want] of [
  ['a', 'a', true],
  ['a', 'ab', false],
  ['*.jpg', 'x.jpg', true],
  ['*.jpg', '.jpg', true],
  ['*.jpg', 'x.jpeg', false],
  ['a*', 'abc', true],
  ['a*c', 'abdc', true],
  ['a*c', 'abd', false],
  ['*b*', 'abc', true],
  ['?', 'ü', true],
  ['?', '😀', true],
  ['?', '', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  ['[!a]', '!', true],
  ['[a\\-z]', '-', true],
  ['[]a]', 'a', false],
  ['[a', 'a', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a\\', 'a\\', false],
  ['**', 'anything', true],
] as const) {
  test(`the glob ${glob} ${want ? 'matches' : 'does not match'} ${name}`, () =>
    assert.equal(compileGlob(glob)(name), want));
}

test('a glob made to backtrack ends at once', () => {
  assert.equal(compileGlob(`${'*a'.repeat(100)}b`)('a'.repeat(5000)), false);
});
