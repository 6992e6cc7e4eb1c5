import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, object, optional, type Schema, string } from './schema.ts';
import { unsupportedFieldsOf } from './unsupported-fields.ts';

interface Item {
  readonly name: string;
  readonly later?: string;
}

const item: Schema<Item> = object(
  { name: string({ description: 'Built.' }), later: optional(string({ description: 'Not built.', comesLater: true })) },
  { description: 'One of a list.' },
);

test('unsupportedFieldsOf names a field inside a list by its place', () => {
  const list = array(item, { description: 'A list.' });
  const value = [{ name: 'a' }, { name: 'b', later: 'x' }];
  assert.deepEqual(unsupportedFieldsOf(list, value, 'spec.items'), ['spec.items[1].later']);
});
