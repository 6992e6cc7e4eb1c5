import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, object, optional, type Schema, shortDuration, string } from './schema.ts';

interface Box {
  readonly name: string;
  readonly tags?: readonly string[];
}

const name: Schema<string> = string({ description: 'Its name.' });
const tags = optional(array(name, { description: 'Its tags.', listType: 'set' }));

test('object requires the fields that are not optional', () => {
  const box: Schema<Box> = object({ name, tags }, { description: 'A box.' });
  assert.deepEqual(box.json, {
    type: 'object',
    description: 'A box.',
    properties: {
      name: { type: 'string', description: 'Its name.' },
      tags: {
        type: 'array',
        description: 'Its tags.',
        items: { type: 'string', description: 'Its name.' },
        'x-kubernetes-list-type': 'set',
      },
    },
    required: ['name'],
  });
});

test('a schema that differs from its type does not compile', () => {
  const note = { description: 'A box.' };
  // @ts-expect-error a field of the type is missing
  const missing: Schema<Box> = object({ name }, note);
  // @ts-expect-error a field is required that the type leaves optional
  const required: Schema<Box> = object({ name, tags: array(name, note) }, note);
  // @ts-expect-error a field is there that the type does not have
  const extra: Schema<Box> = object({ name, tags, size: name }, note);
  // @ts-expect-error a field has another type
  const other: Schema<Box> = object({ name: array(name, note), tags }, note);
  assert.equal([missing, required, extra, other].length, 4);
});

test('shortDuration takes no hours', () => {
  const pattern = new RegExp(shortDuration({ description: '' }).json.pattern ?? '', 'u');
  assert.deepEqual(
    ['60s', '1m30s', '1.5ms', '1h', '1d', '-1s'].map((text) => pattern.test(text)),
    [true, true, true, false, false, false],
  );
});
