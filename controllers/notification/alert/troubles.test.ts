import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from '#crds';
import type { EventDraft } from '#runtime';
import { type Trouble, Troubles } from './troubles.ts';

const alert: Alert = {
  apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
  kind: 'Alert',
  metadata: { name: 'alert', namespace: 'apps', uid: 'u' },
  spec: { providerRef: { name: 'chat' }, eventSources: [] },
};

const down = (object: string): Trouble => ({
  reason: 'NotificationDispatchFailed',
  message: `failed to send notification for ${object}: refused`,
  cause: 'refused',
});

function setUp(): { troubles: Troubles; told: EventDraft[]; pass: () => void } {
  const told: EventDraft[] = [];
  const timers = new Set<() => void>();
  const troubles = new Troubles({
    log: { error: () => undefined },
    recordEvent: (_, draft) => told.push(draft),
    after: (_, call) => {
      timers.add(call);
      return { [Symbol.dispose]: () => timers.delete(call) };
    },
  });
  const pass = (): void => {
    const due = [...timers];
    for (const call of due) call();
  };
  return { troubles, told, pass };
}

test('a trouble is told at once, and again with a count after five minutes', () => {
  const { troubles, told, pass } = setUp();
  for (let i = 0; i < 101; i++) troubles.report(alert, down(`Kustomization/apps/${i}`));
  assert.equal(told.length, 1);
  pass();
  assert.deepEqual(
    told.map(({ message }) => message),
    [
      'failed to send notification for Kustomization/apps/0: refused',
      'failed to send notification for Kustomization/apps/100: refused (100 times in the last 5 minutes)',
    ],
  );
});

test('a trouble that ended is told anew when it comes back', () => {
  const { troubles, told, pass } = setUp();
  troubles.report(alert, down('a'));
  pass();
  assert.equal(told.length, 1);
  troubles.report(alert, down('b'));
  assert.equal(told.length, 2);
});

test('a trouble that goes on is told once in five minutes', () => {
  const { troubles, told, pass } = setUp();
  for (let window = 0; window < 3; window++) {
    for (let i = 0; i < 50; i++) troubles.report(alert, down(`${i}`));
    pass();
  }
  assert.equal(told.length, 4);
});

test('other causes, reasons and alerts are other troubles', () => {
  const { troubles, told } = setUp();
  troubles.report(alert, down('a'));
  troubles.report(alert, { ...down('a'), cause: 'timeout' });
  troubles.report(alert, { ...down('a'), reason: 'InvalidConfig' });
  troubles.report({ ...alert, metadata: { ...alert.metadata, name: 'other', uid: 'v' } }, down('a'));
  assert.equal(told.length, 4);
});

test('the end tells what was counted', () => {
  const { troubles, told } = setUp();
  troubles.report(alert, down('a'));
  troubles.report(alert, down('b'));
  troubles[Symbol.dispose]();
  assert.match(told.at(-1)?.message ?? '', /for b: refused \(1 times in the last 5 minutes\)$/);
});

test('no number of causes fills the memory', () => {
  const { troubles, told } = setUp();
  for (let i = 0; i < 5000; i++) troubles.report(alert, { ...down('a'), cause: `${i}` });
  troubles.report(alert, { ...down('a'), cause: '4999' });
  assert.equal(told.length, 5000);
});
