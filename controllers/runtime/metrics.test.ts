import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createMetrics, RunningWork } from './metrics.ts';

const kustomization = { kind: 'Kustomization', singular: 'kustomization' };
const object = { apiVersion: 'x/v1', kind: 'Kustomization', metadata: { name: 'n', namespace: 'ns' } };

async function linesOf(registry: Registry, start: string): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(start));
}

test('every series of a controller is there from the start, at zero', async () => {
  const registry = new Registry();
  createMetrics(registry).controller(kustomization, 4);
  const lines = (await registry.metrics()).split('\n');
  for (const want of [
    'controller_runtime_reconcile_total{controller="kustomization",result="success"} 0',
    'controller_runtime_reconcile_total{controller="kustomization",result="requeue_after"} 0',
    'controller_runtime_reconcile_errors_total{controller="kustomization"} 0',
    'controller_runtime_reconcile_time_seconds_count{controller="kustomization"} 0',
    'controller_runtime_max_concurrent_reconciles{controller="kustomization"} 4',
    'controller_runtime_active_workers{controller="kustomization"} 0',
    'workqueue_depth{name="kustomization",controller="kustomization",priority=""} 0',
    'workqueue_adds_total{name="kustomization",controller="kustomization"} 0',
    'workqueue_work_duration_seconds_count{name="kustomization",controller="kustomization"} 0',
    'workqueue_longest_running_processor_seconds{name="kustomization",controller="kustomization"} 0',
    '# TYPE gotk_suspend_status gauge',
    '# TYPE process_resident_memory_bytes gauge',
  ])
    assert.ok(lines.includes(want), want);
});

test('the duration of a run is kept by object, in the steps of the dashboards, until the object goes', async () => {
  const registry = new Registry();
  const metrics = createMetrics(registry).controller(kustomization, 4);
  metrics.started();
  metrics.ended(0.02, object);
  const buckets = await linesOf(registry, 'gotk_reconcile_duration_seconds_bucket');
  assert.deepEqual(
    buckets.map((line) => /le="([^"]+)"/.exec(line)?.[1]),
    ['0.01', '0.0384', '0.1472', '0.5646', '2.1661', '8.3099', '31.8798', '122.3022', '469.195', '1800', '+Inf'],
  );
  assert.match(buckets[1] ?? '', /kind="Kustomization",name="n",namespace="ns"\} 1$/);
  metrics.forget(object);
  assert.deepEqual(await linesOf(registry, 'gotk_reconcile_duration_seconds_bucket'), []);
  metrics.started();
  metrics.ended(1, undefined);
  assert.deepEqual(await linesOf(registry, 'gotk_reconcile_duration_seconds_bucket'), []);
});

test('an error counts as a result and as an error', async () => {
  const registry = new Registry();
  const metrics = createMetrics(registry);
  metrics.controller(kustomization, 1).result('error');
  metrics.onRequest({ method: 'GET', code: '200', host: 'h', ms: 1 });
  metrics.leading('lease', true);
  assert.deepEqual(
    [
      ...(await linesOf(registry, 'controller_runtime_reconcile_errors_total')),
      ...(await linesOf(registry, 'rest_client_requests_total')),
      ...(await linesOf(registry, 'leader_election_master_status')),
    ],
    [
      'controller_runtime_reconcile_errors_total{controller="kustomization"} 1',
      'rest_client_requests_total{code="200",method="GET",host="h"} 1',
      'leader_election_master_status{name="lease"} 1',
    ],
  );
});

test('two controllers read their own work from one gauge', async () => {
  const registry = new Registry();
  const metrics = createMetrics(registry);
  metrics.controller({ kind: 'A', singular: 'a' }, 1).queue.started(0, 0);
  metrics.controller({ kind: 'B', singular: 'b' }, 1);
  const [a, b] = await linesOf(registry, 'workqueue_unfinished_work_seconds');
  assert.match(a ?? '', /name="a".* 0\.\d+|name="a".* \d\.\d+e-/);
  assert.match(b ?? '', /name="b".* 0$/);
});

test('RunningWork finds the work that ended by its beginning', () => {
  const work = new RunningWork();
  for (const start of [0, 50, 80]) work.start(start);
  assert.deepEqual([work.totalMs(100), work.longestMs(100)], [170, 100]);
  work.end(1);
  assert.deepEqual([work.totalMs(100), work.longestMs(100)], [70, 50]);
});
