import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#crds';
import { differences, formatPath } from './differences.ts';
import { lastWriterOf, ownsField } from './field-owner.ts';

const live: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    resourceVersion: '7',
    labels: { 'a/b': 'x' },
    managedFields: [
      { manager: 'kustomize-controller', operation: 'Apply', time: '2026-01-03T00:00:00Z', fieldsV1: {} },
      {
        manager: 'scaler',
        operation: 'Update',
        time: '2026-01-01T00:00:00Z',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      },
      {
        manager: 'editor',
        operation: 'Update',
        time: '2026-01-02T00:00:00Z',
        fieldsV1: { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': { '.': {}, 'f:image': {} } } } },
      },
      {
        manager: 'kubelet',
        operation: 'Update',
        subresource: 'status',
        time: '2026-01-04T00:00:00Z',
        fieldsV1: { 'f:status': {} },
      },
    ],
  },
  spec: { replicas: 3, containers: [{ name: 'app', image: 'app:2' }] },
  status: { ready: 1 },
};
const wanted: KubeObject = {
  ...live,
  metadata: { name: 'web', labels: { 'a/b': 'y' } },
  spec: { replicas: 1, paused: true, containers: [{ name: 'app', image: 'app:1' }] },
  status: { ready: 2 },
};

test('differences name labels and fields, not versions or status', () => {
  const paths = differences(live, wanted);
  assert.deepEqual(
    paths.map((path) => [formatPath(path, live), lastWriterOf(live, path, 'kustomize-controller')]),
    [
      ['.metadata.labels["a/b"]', 'editor'],
      ['.spec.replicas', 'scaler'],
      ['.spec.containers[0].image', 'editor'],
      ['.spec.paused', 'editor'],
    ],
  );
  assert.deepEqual(differences(live, live), []);
});

test('a list that is held as a whole holds its items', () => {
  const entry = { manager: 'x', operation: 'Apply' as const, fieldsV1: { 'f:spec': { 'f:args': {} } } };
  assert.equal(ownsField(entry, ['spec', 'args', '0'], { spec: { args: ['a'] } }), true);
  assert.equal(ownsField(entry, ['spec', 'command'], { spec: { args: ['a'] } }), false);
});
