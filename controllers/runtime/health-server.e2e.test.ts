import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { serveHealth, serveMetrics } from './health-server.ts';
import { createMetrics } from './metrics.ts';

async function get(port: number, path: string): Promise<{ code: number; type: string; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return { code: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

test('the probes answer ok, readiness once it is given', async () => {
  let isReady = false;
  await using server = await serveHealth('127.0.0.1:0', () => isReady);
  const probe = async (path: string): Promise<[number, string]> => {
    const { code, text } = await get(server.port, path);
    return [code, text];
  };
  assert.deepEqual(await probe('/healthz'), [200, 'ok']);
  assert.deepEqual(await probe('/readyz'), [503, 'not ready']);
  isReady = true;
  assert.deepEqual(await probe('/readyz?verbose'), [200, 'ok']);
  assert.equal((await probe('/'))[0], 404);
});

test('metrics are served as Prometheus reads them, profiles as Chrome does', async () => {
  const registry = new Registry();
  createMetrics(registry);
  await using server = await serveMetrics('127.0.0.1:0', registry);
  const metrics = await get(server.port, '/metrics');
  assert.deepEqual([metrics.code, metrics.type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  assert.match(metrics.text, /^process_resident_memory_bytes \d+$/m);
  const [cpu, busy] = await Promise.all([
    get(server.port, '/debug/pprof/profile?seconds=0.2'),
    get(server.port, '/debug/pprof/heap?seconds=0.2'),
  ]);
  assert.deepEqual(new Set([cpu.code, busy.code]), new Set([200, 409]));
  const profile: unknown = JSON.parse(cpu.code === 200 ? cpu.text : busy.text);
  assert.ok(typeof profile === 'object' && profile !== null && ('nodes' in profile || 'head' in profile));
  assert.match((await get(server.port, '/debug/pprof/')).text, /heap/);
  assert.equal((await get(server.port, '/debug/pprof/profile?seconds=1e9')).code, 400);
  assert.equal((await get(server.port, '/debug/pprof/goroutine')).code, 404);
  assert.equal((await get(server.port, '/')).code, 404);
});

test('an address that is taken is told; 0 switches a server off', async () => {
  await using server = await serveHealth('127.0.0.1:0', () => true);
  await assert.rejects(
    serveHealth(`127.0.0.1:${server.port}`, () => true),
    /cannot listen on "127\.0\.0\.1:\d+": .*EADDRINUSE/,
  );
  await using off = await serveMetrics('0', new Registry());
  assert.equal(off.port, 0);
});
