import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Condition, gitRepository, type KubeObject } from '#crds';
import { KubeApiError } from '#kube';
import type { CommonStatus } from './status.ts';
import { type StatusClient, StatusWriter } from './status-writer.ts';

type Stored = KubeObject & { readonly status: CommonStatus };

/** One object that is written under its resourceVersion, as the API server does it. */
class Server implements StatusClient {
  stored: Stored = {
    apiVersion: 'v1',
    kind: 'K',
    metadata: { name: 'n', namespace: 'ns', resourceVersion: '1' },
    status: {},
  };
  writes = 0;

  /** Another writer. */
  change(status: CommonStatus): void {
    const resourceVersion = String(Number(this.stored.metadata.resourceVersion) + 1);
    this.stored = { ...this.stored, metadata: { ...this.stored.metadata, resourceVersion }, status };
  }

  async patch(_resource: unknown, _key: unknown, patch: unknown): Promise<KubeObject> {
    await Promise.resolve();
    const { metadata, status } = patch as { metadata: { resourceVersion: string }; status: Record<string, unknown> }; // the writer's own body
    if (metadata.resourceVersion !== this.stored.metadata.resourceVersion) {
      throw new KubeApiError(409, { reason: 'Conflict', message: 'the object has been modified' });
    }
    this.writes++;
    const merged = { ...this.stored.status, ...status };
    this.change(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
    return this.stored;
  }

  find(): Promise<KubeObject> {
    return Promise.resolve(this.stored);
  }
}

function condition(type: string): Condition {
  return { type, status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
}

function writerOn(server: Server): StatusWriter {
  return new StatusWriter(server, gitRepository, 'test', new Set(['Ready']), server.stored);
}

test('what is staged is seen at once, and written only when it is flushed', async () => {
  const server = new Server();
  const writer = writerOn(server);
  writer.stage((object) => ({ ...object.status, phase: 'waiting' }));
  assert.equal(writer.object.status?.['phase'], 'waiting');
  assert.equal(server.writes, 0);
  await writer.flush();
  assert.equal(server.stored.status['phase'], 'waiting');
  await writer.flush();
  assert.equal(server.writes, 1);
});

test('a write takes the place of what is staged', async () => {
  const server = new Server();
  const writer = writerOn(server);
  writer.stage(() => ({ phase: 'waiting', entries: 4 }));
  await writer.write((object) => ({ ...object.status, phase: 'ready' }));
  assert.deepEqual(server.stored.status, { phase: 'ready', entries: 4, conditions: [] });
  assert.equal(server.writes, 1);
});

test('a flush that is under way cannot undo the write behind it, even when another writer comes between', async () => {
  const server = new Server();
  const writer = writerOn(server);
  writer.stage(() => ({ phase: 'waiting' }));
  server.change({ other: true });
  const flush = writer.flush();
  const write = writer.write((object) => ({ ...object.status, phase: 'ready' }));
  await Promise.all([flush, write]);
  assert.equal(server.stored.status['phase'], 'ready');
});

test('a newer copy of the object drops what was staged about the older one', () => {
  const server = new Server();
  const writer = writerOn(server);
  writer.stage(() => ({ phase: 'waiting' }));
  server.change({ other: true });
  writer.adopt(server.stored);
  assert.deepEqual(writer.object.status, { other: true });
});

test('conditions of types that are not ours survive, and ours are replaced', async () => {
  const server = new Server();
  server.change({ conditions: [condition('Foreign'), condition('Ready')] });
  const writer = writerOn(server);
  server.change({ conditions: [condition('Foreign'), condition('AlsoForeign')] });
  await writer.write(() => ({ conditions: [] }));
  assert.deepEqual(
    server.stored.status.conditions?.map(({ type }) => type),
    ['AlsoForeign', 'Foreign'],
  );
});

test('a status that is the same is not sent', async () => {
  const server = new Server();
  server.change({ conditions: [], url: 'x' });
  await writerOn(server).write((object) => ({ ...object.status }));
  assert.equal(server.writes, 0);
});
