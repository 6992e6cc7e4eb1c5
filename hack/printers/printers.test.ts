import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { readPrinted } from './files.ts';
import { printedFiles, staleFiles } from './outputs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the printed files are what the printers give', () => {
  assert.deepEqual(staleFiles(printedFiles(), readPrinted(root)), [], 'run: node hack/printers/main.ts');
});

test('staleFiles names what differs, what is missing and what nothing prints', () => {
  const printed = new Map([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
  const onDisk = new Map([
    ['a', '1'],
    ['b', '0'],
    ['d', '4'],
  ]);
  assert.deepEqual(staleFiles(printed, onDisk), [
    'b: differs from what the printer gives',
    'c: is missing',
    'd: nothing prints it',
  ]);
});

test('printed YAML means the same to parsers of both versions of YAML', () => {
  for (const [path, content] of printedFiles()) {
    if (!path.endsWith('.yaml')) continue;
    const [old, now] = (['1.1', '1.2'] as const).map((version) =>
      parseAllDocuments(content, { version }).map((document) => document.toJS()),
    );
    assert.deepEqual(old, now, path);
  }
});
