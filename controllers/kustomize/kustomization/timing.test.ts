import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KustomizationSpec } from '#crds';
import { retryIntervalMs, timeoutMs } from './timing.ts';

const spec = (fields: Partial<KustomizationSpec>): KustomizationSpec => ({
  interval: '10m',
  prune: true,
  sourceRef: { kind: 'GitRepository', name: 's' },
  ...fields,
});

for (const c of [
  { name: 'is the interval less 30s by default', fields: {}, want: 570_000 },
  { name: 'is what the spec says', fields: { timeout: '2m' }, want: 120_000 },
  { name: 'is never under 30s by default', fields: { interval: '45s' }, want: 30_000 },
  { name: 'is never under 30s even when asked for', fields: { timeout: '5s' }, want: 30_000 },
]) {
  test(`the timeout ${c.name}`, () => assert.equal(timeoutMs(spec(c.fields)), c.want));
}

test('the retry interval is the interval unless it is set', () => {
  assert.equal(retryIntervalMs(spec({})), 600_000);
  assert.equal(retryIntervalMs(spec({ retryInterval: '1m30s' })), 90_000);
});
