import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Receiver } from '#crds';
import { ReceiverIndex } from './receiver-index.ts';

const receiver = (name: string, webhookPath: string | undefined): Receiver => ({
  apiVersion: 'notification.toolkit.fluxcd.io/v1',
  kind: 'Receiver',
  metadata: { name, namespace: 'apps' },
  spec: { type: 'generic', resources: [] },
  ...(webhookPath === undefined ? {} : { status: { webhookPath } }),
});

test('a receiver is found by its newest path only', () => {
  const index = new ReceiverIndex();
  const first = receiver('a', '/hook/1');
  const second = receiver('a', '/hook/2');
  index.change({ type: 'added', object: first });
  assert.equal(index.get('/hook/1'), first);
  index.change({ type: 'updated', object: second, previous: first });
  assert.equal(index.get('/hook/1'), undefined);
  assert.equal(index.get('/hook/2'), second);
  index.change({ type: 'updated', object: receiver('a', undefined), previous: second });
  assert.equal(index.get('/hook/2'), undefined);
  index.change({ type: 'updated', object: second, previous: second });
  index.change({ type: 'deleted', object: second });
  assert.equal(index.get('/hook/2'), undefined);
});

test('an empty path finds nobody', () => {
  const index = new ReceiverIndex();
  index.change({ type: 'added', object: receiver('a', '') });
  assert.equal(index.get(''), undefined);
});
