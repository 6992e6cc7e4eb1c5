import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '#apply';
import { DriftLog } from './drift-log.ts';

const id = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'apps', name: 'a' };
const repaired: Change = {
  id,
  action: 'configured',
  drift: { fields: [{ path: '.data.x', manager: 'kubectl-edit' }] },
};

test('a repair names the object, the field and who changed it', () => {
  const log = new DriftLog(() => 0);
  assert.deepEqual(log.report('ns/app', [repaired, { id, action: 'configured' }]), {
    lines: ['ConfigMap/apps/a was changed: .data.x by "kubectl-edit"'],
    disputes: [],
  });
});

test('an object that someone deleted is told of when it is made again', () => {
  const log = new DriftLog(() => 0);
  log.noteDeleted('ns/app', id);
  assert.deepEqual(log.report('ns/app', [{ id, action: 'created' }]).lines, ['ConfigMap/apps/a was deleted']);
  assert.deepEqual(log.report('ns/app', [{ id, action: 'created' }]).lines, []);
});

test('three repairs in a minute are a dispute, as long as they come', () => {
  let now = 0;
  const log = new DriftLog(() => now);
  const disputes = [0, 20_000, 50_000, 100_000, 200_000].map((at) => {
    now = at;
    return log.report('ns/app', [repaired]).disputes;
  });
  assert.deepEqual(disputes, [[], [], ['ConfigMap/apps/a: "kubectl-edit" keeps changing .data.x'], [], []]);
});
