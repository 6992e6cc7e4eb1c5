import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shardSuffix } from './leader-election.ts';

test('shardSuffix is the one that Flux gives the shard', () => {
  assert.equal(shardSuffix('sharding.fluxcd.io/key=shard1'), '-73fdc1be');
  assert.equal(shardSuffix(''), '');
  assert.equal(shardSuffix(undefined), '');
});
