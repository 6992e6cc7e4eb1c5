import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '#crds';
import { type KubeClient, openKubeClient, type Resource } from '#kube';
import { httpSink, ownCluster, sharedCluster, type TestCluster, waitFor } from '#test-kit';
import { createEventRecorder, type EventRecorder, type EventRecorderOptions } from './events.ts';

const events: Resource = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
const nowhere = 'http://127.0.0.1:1/';

describe('event recorder', () => {
  let cluster: TestCluster;
  let client: KubeClient;
  let namespace: string;
  let logged: object[];

  before(async () => {
    cluster = await sharedCluster();
    client = await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath });
    namespace = await cluster.namespace('events');
  });

  after(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  const object = (name: string, annotations?: Record<string, string>): KubeObject => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: '7', ...(annotations && { annotations }) },
  });

  const recorder = (options: Partial<EventRecorderOptions> = {}): EventRecorder => {
    logged = [];
    return createEventRecorder({
      client,
      component: 'kustomize-controller',
      hostname: 'pod-0',
      log: { debug: () => undefined, error: (fields, message) => void logged.push({ ...fields, message }) },
      ...options,
    });
  };

  const eventsOf = async (name: string): Promise<readonly KubeObject[]> =>
    (await client.list(events, { namespace, fieldSelector: `involvedObject.name=${name}` })).items;

  test('writes core/v1 Events that kubectl shows, and counts what happens again', async () => {
    const recording = recorder();
    const app = object('app');
    for (let count = 0; count < 3; count++) {
      recording.record(app, {
        type: 'Normal',
        reason: 'Done',
        message: 'all well',
        metadata: { revision: 'main@sha1:1' },
      });
    }
    recording.record(app, { type: 'Trace', reason: 'Note', message: 'a detail' });
    await recording.close();
    const [done, note] = await eventsOf('app');
    assert.match(done?.metadata.name ?? '', /^app\.[0-9a-f]{16}$/);
    assert.deepEqual(done?.metadata.annotations, { 'kustomize.toolkit.fluxcd.io/revision': 'main@sha1:1' });
    assert.deepEqual(
      [done?.['count'], done?.['source'], done?.['reportingComponent'], done?.['type']],
      [3, { component: 'kustomize-controller' }, 'kustomize-controller', 'Normal'],
    );
    assert.deepEqual(done?.['involvedObject'], {
      kind: 'Kustomization',
      namespace,
      name: 'app',
      uid: 'uid-app',
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      resourceVersion: '7',
    });
    assert.deepEqual([note?.['type'], note?.['count']], ['Normal', 1]);
    const { stdout } = await cluster
      .kubectl(['events', '-n', namespace, '--for=kustomization/app'])
      .catch(() => ({ stdout: '' }));
    const { stdout: table } = await cluster.kubectl(['get', 'events', '-n', namespace]);
    assert.match(stdout + table, /Done\s+kustomization\/app\s+all well/i);
    assert.deepEqual(logged, []);
  });

  test('an event that the API server has forgotten is written anew', async () => {
    const recording = recorder();
    recording.record(object('old'), { type: 'Normal', reason: 'R', message: 'm' });
    const first = await waitFor(async () => (await eventsOf('old'))[0]);
    await client.delete(events, { namespace, name: first.metadata.name });
    recording.record(object('old'), { type: 'Normal', reason: 'R', message: 'm' });
    await recording.close();
    assert.deepEqual(
      (await eventsOf('old')).map((event) => event['count']),
      [2],
    );
  });

  test('a flood is combined, then silent, and every one of it is posted', async () => {
    await using sink = await httpSink();
    const recording = recorder({ eventsAddr: sink.url });
    for (let count = 0; count < 40; count++) {
      recording.record(object('flood'), { type: 'Warning', reason: 'Bad', message: `error ${count}` });
    }
    await sink.received(40);
    await recording.close();
    const written = await eventsOf('flood');
    assert.equal(written.length, 10);
    const combined = written.find((event) =>
      String(event['message']).startsWith('(combined from similar events): error '),
    );
    assert.equal(combined?.['count'], 16);
    assert.deepEqual(
      sink.requests.map((request) => (JSON.parse(request.body) as { message: string }).message),
      Array.from({ length: 40 }, (_, index) => `error ${index}`),
    );
  });

  test('posts the body of Flux, no Trace, and copies what users ask for', async () => {
    await using sink = await httpSink();
    const recording = recorder({ eventsAddr: sink.url, now: () => new Date('2030-01-02T03:04:05.678Z') });
    recording.record(object('posted'), { type: 'Trace', reason: 'T', message: 'hidden' });
    recording.record(object('posted', { 'event.toolkit.fluxcd.io/team': 'blue' }), {
      type: 'Normal',
      reason: 'Done',
      message: 'well',
      metadata: { revision: 'r' },
    });
    await recording.close();
    assert.deepEqual(
      sink.requests.map(({ method, path, headers }) => [method, path, headers['content-type']]),
      [['POST', '/', 'application/json']],
    );
    assert.equal(
      sink.requests[0]?.body,
      `{"involvedObject":{"kind":"Kustomization","namespace":"${namespace}","name":"posted","uid":"uid-posted","apiVersion":"kustomize.toolkit.fluxcd.io/v1","resourceVersion":"7"},"severity":"info","timestamp":"2030-01-02T03:04:05Z","message":"well","reason":"Done","metadata":{"event.toolkit.fluxcd.io/team":"blue","kustomize.toolkit.fluxcd.io/revision":"r"},"reportingController":"kustomize-controller","reportingInstance":"pod-0"}`,
    );
  });

  test('tries again after failures, in order; takes 429 for done and 400 for final', async () => {
    await using sink = await httpSink();
    const recording = recorder({ eventsAddr: sink.url, http: { retryMs: 5, timeoutMs: 200 } });
    const statuses = ['reset', 500, 'hang', 200, 429, 400, 200] as const;
    sink.answer((_, count) => {
      const next = statuses[count - 1] ?? 200;
      return typeof next === 'number' ? { status: next } : next;
    });
    for (const message of ['one', 'two', 'three', 'four']) {
      recording.record(object('retried'), { type: 'Normal', reason: 'R', message });
    }
    await sink.received(7);
    await recording.close();
    const messages = sink.requests.map((request) => (JSON.parse(request.body) as { message: string }).message);
    assert.deepEqual(messages, ['one', 'one', 'one', 'one', 'two', 'three', 'four']);
    assert.deepEqual(logged, [
      { error: `cannot post an event to ${sink.url}: the server answered 400`, message: 'unable to record event' },
    ]);
  });

  test('never waits and never throws, and closes in time although nobody answers', async () => {
    const recording = recorder({ eventsAddr: nowhere, flushMs: 100 });
    const start = performance.now();
    for (let count = 0; count < 2_500; count++) {
      recording.record(object(`lost-${count % 50}`), { type: 'Normal', reason: 'R', message: String(count) });
    }
    assert.ok(performance.now() - start < 1_000);
    await recording.close();
    assert.ok(performance.now() - start < 3_000);
    assert.ok(logged.some((entry) => JSON.stringify(entry).includes('too many are waiting')));
  });

  test('Kubernetes events outlive a restart of the API server', async () => {
    await using own = await ownCluster();
    await using itsClient = await openKubeClient({ kubeconfigPath: own.kubeconfigPath });
    const recording = recorder({ client: itsClient, flushMs: 30_000 });
    await own.killApiServer('SIGKILL');
    recording.record(
      { ...object('survivor'), metadata: { name: 'survivor', namespace: 'default' } },
      { type: 'Normal', reason: 'R', message: 'm' },
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await own.restartApiServer();
    await recording.close();
    const { items } = await itsClient.list(events, {
      namespace: 'default',
      fieldSelector: 'involvedObject.name=survivor',
    });
    assert.equal(items.length, 1);
  });
});
