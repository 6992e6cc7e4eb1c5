import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplyError } from '#apply';
import { failureText } from './failure-text.ts';

const id = (name: string) => ({ group: '', version: 'v1', kind: 'Secret', namespace: 'n', name });
const failure = (name: string) => ({ id: id(name), message: `Secret/n/${name} dry-run failed (Invalid): no` });

test('every bad object is told with its place, the first three in the condition', () => {
  const failures = ['a', 'b', 'c', 'd', 'e'].map(failure);
  const made = [
    { id: id('x'), action: 'created' as const },
    { id: id('y'), action: 'unchanged' as const },
  ];
  const places = new Map([['Secret/n/a', 'apps/a.yaml, line 7']]);
  const { condition, event } = failureText(new ApplyError('dryRun', '', failures, made), places);
  assert.equal(
    condition,
    [
      'Secret/n/a dry-run failed (Invalid): no (in apps/a.yaml, line 7)',
      'Secret/n/b dry-run failed (Invalid): no',
      'Secret/n/c dry-run failed (Invalid): no',
      'and 2 more, listed in the event',
      'Secret/n/x created',
      '',
    ].join('\n'),
  );
  assert.equal(event.split('\n').length, 7);
});
