import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventBody } from './events.ts';

const now = new Date('2030-01-02T03:04:05.678Z');
const reporter = { component: 'kustomize-controller', hostname: 'pod-0' };

test('the body has the keys of Flux in their order, metadata sorted and prefixed', () => {
  const object = {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: {
      name: 'app',
      namespace: 'ns',
      uid: 'u',
      resourceVersion: '7',
      annotations: { 'event.toolkit.fluxcd.io/team': 'blue', other: 'x' },
    },
  };
  const draft = {
    type: 'Warning',
    reason: 'BuildFailed',
    message: 'no',
    metadata: { revision: 'main@sha1:1' },
  } as const;
  assert.equal(
    JSON.stringify(eventBody(object, draft, reporter, now)),
    '{"involvedObject":{"kind":"Kustomization","namespace":"ns","name":"app","uid":"u","apiVersion":"kustomize.toolkit.fluxcd.io/v1","resourceVersion":"7"},"severity":"error","timestamp":"2030-01-02T03:04:05Z","message":"no","reason":"BuildFailed","metadata":{"event.toolkit.fluxcd.io/team":"blue","kustomize.toolkit.fluxcd.io/revision":"main@sha1:1"},"reportingController":"kustomize-controller","reportingInstance":"pod-0"}',
  );
});

test('what is empty is left out of the body', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'ns' } };
  const draft = { type: 'Normal', reason: 'R', message: 'm' } as const;
  assert.equal(
    JSON.stringify(eventBody(object, draft, { component: 'c', hostname: '' }, now)),
    '{"involvedObject":{"kind":"ConfigMap","namespace":"ns","name":"a","apiVersion":"v1"},"severity":"info","timestamp":"2030-01-02T03:04:05Z","message":"m","reason":"R","reportingController":"c"}',
  );
});
