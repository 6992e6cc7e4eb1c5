import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretTexts } from './secret-texts.ts';

for (const c of [
  { name: 'a value', secrets: ['hunter2'], message: 'cannot read "hunter2"', want: 'cannot read "*****"' },
  { name: 'a line of a file', secrets: ['A=1\nnot right\n'], message: 'bad line: not right', want: 'bad line: *****' },
  { name: 'what stands behind a key', secrets: ['db: "pass word",'], message: 'got pass word', want: 'got *****' },
  { name: 'the longer of two that overlap', secrets: ['abcd', 'abcdef'], message: 'x abcdef', want: 'x *****' },
  { name: 'not what is too short to be one', secrets: ['on'], message: 'depends on it', want: 'depends on it' },
]) {
  test(`SecretTexts masks ${c.name}`, () => {
    const texts = new SecretTexts();
    for (const secret of c.secrets) texts.add(secret);
    assert.equal(texts.mask(c.message), c.want);
  });
}
