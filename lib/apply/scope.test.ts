import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectId } from './contract.ts';
import { scopedIds } from './scope.ts';

const id = (kind: string, name: string, namespace?: string): ObjectId => ({
  group: 'zoo.io',
  version: 'v1',
  kind,
  name,
  ...(namespace !== undefined && { namespace }),
});

test('scopedIds drops the namespace of cluster-scoped kinds, asks once a kind, and leaves unknown kinds alone', async () => {
  const asked: string[] = [];
  const ids = [id('Zoo', 'a', 'x'), id('Animal', 'b', 'x'), id('Zoo', 'c', 'x'), id('Ghost', 'd', 'x'), id('Zoo', 'e')];
  const scoped = await scopedIds(ids, async ({ group, version, kind }) => {
    asked.push(kind);
    return kind === 'Ghost' ? undefined : { group, version, kind, plural: kind, namespaced: kind === 'Animal' };
  });
  assert.deepEqual(scoped, [
    id('Zoo', 'a'),
    id('Animal', 'b', 'x'),
    id('Zoo', 'c'),
    id('Ghost', 'd', 'x'),
    id('Zoo', 'e'),
  ]);
  assert.deepEqual(asked, ['Zoo', 'Animal', 'Ghost']);
});

test('scopedIds asks nothing about ids without a namespace, and passes on what keeps it from asking', async () => {
  const unreachable = async (): Promise<undefined> => {
    throw new Error('unreachable');
  };
  assert.deepEqual(await scopedIds([id('Zoo', 'a')], unreachable), [id('Zoo', 'a')]);
  await assert.rejects(scopedIds([id('Zoo', 'a', 'x')], unreachable), /unreachable/);
});
