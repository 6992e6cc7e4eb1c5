import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert, AlertSpec } from '#crds';
import type { Event } from '../event/event.ts';
import { finalMetadata } from './metadata.ts';

const group = 'kustomize.toolkit.fluxcd.io';

function final(spec: Partial<AlertSpec>, metadata?: Record<string, string>): ReturnType<typeof finalMetadata> {
  const alert: Alert = {
    apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
    kind: 'Alert',
    metadata: { name: 'alert', namespace: 'apps' },
    spec: { providerRef: { name: 'chat' }, eventSources: [], ...spec },
  };
  const event: Event = {
    involvedObject: { kind: 'Kustomization', namespace: 'apps', name: 'web', apiVersion: `${group}/v1` },
    severity: 'info',
    timestamp: '',
    message: '',
    reason: '',
    reportingController: '',
    ...(metadata === undefined ? {} : { metadata }),
  };
  return finalMetadata(alert, event);
}

test('the example of the specification: what the object brings beats what the alert adds', () => {
  const { metadata, clashes } = final(
    { eventMetadata: { env: 'prod', revision: 'mine' }, summary: 'Production' },
    { [`${group}/revision`]: 'main@sha1:abc', [`${group}/commit_status`]: 'update' },
  );
  assert.deepEqual(metadata, {
    env: 'prod',
    revision: 'main@sha1:abc',
    summary: 'Production',
    commit_status: 'update',
  });
  assert.deepEqual([...clashes.keys()], ['revision']);
});

test('from the lowest to the highest: event annotations, eventMetadata, summary, the controller', () => {
  const { metadata, clashes } = final(
    { eventMetadata: { a: 'alert', summary: 'alert', b: 'alert' }, summary: 'summary' },
    {
      'event.toolkit.fluxcd.io/a': 'object',
      'event.toolkit.fluxcd.io/summary': 'object',
      [`${group}/b`]: 'controller',
    },
  );
  assert.deepEqual(metadata, { a: 'alert', summary: 'summary', b: 'controller' });
  assert.deepEqual(
    [...clashes].map(([key, from]) => [key, from.length]),
    [
      ['a', 2],
      ['summary', 3],
      ['b', 2],
    ],
  );
});

test('nothing in, nothing out', () => {
  assert.deepEqual(final({}).metadata, {});
  assert.equal(final({ summary: '' }).clashes.size, 0);
});

test('a key with a meaning in JavaScript is a key like others', () => {
  const metadata = Object.fromEntries([['event.toolkit.fluxcd.io/__proto__', 'x']]);
  assert.deepEqual(Object.entries(final({}, metadata).metadata), [['__proto__', 'x']]);
});
