import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { gzipBytes, type TarEntry, tarBytes } from './archive.ts';
import { openArtifactCache } from './cache.ts';
import { fetchArtifact } from './fetch.ts';

interface Server extends AsyncDisposable {
  readonly url: string;
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `http://127.0.0.1:${(address satisfies AddressInfo).port}/artifact.tar.gz`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'artifact-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function ours(...entries: TarEntry[]): Promise<Buffer> {
  return buffer(gzipBytes(tarBytes(entries)));
}

/** An archive with anything in it, as a hostile store may send it. */
async function theirs(
  entries: readonly (Partial<Header> & { readonly name: string; readonly content?: string })[],
): Promise<Buffer> {
  const packer = pack();
  for (const { content, ...header } of entries) packer.entry(header, content ?? '');
  packer.finalize();
  return gzipSync(await buffer(packer));
}

const hello: TarEntry = {
  name: 'apps/web/hello.yaml',
  type: 'file',
  mode: 0o600,
  sizeBytes: 5,
  content: Buffer.from('hello'),
};
const quick = { retryDelayMs: [1, 2] } as const;

test('fetchArtifact unpacks a file whose folders have no entries', async () => {
  await using dir = await folder();
  const archive = await ours({ name: '.', type: 'directory', mode: 0o750, sizeBytes: 0 }, hello);
  await using server = await serve((_request, response) => response.end(archive));
  const bytes = await fetchArtifact({ url: server.url, digest: sha256(archive) }, join(dir.path, 'out'));
  assert.equal(bytes, archive.length);
  assert.equal(await readFile(join(dir.path, 'out/apps/web/hello.yaml'), 'utf8'), 'hello');
  assert.deepEqual(await readdir(dir.path), ['out']);
});

test('fetchArtifact takes digests of every algorithm', async () => {
  const archive = await ours(hello);
  await using server = await serve((_request, response) => response.end(archive));
  for (const algorithm of ['sha1', 'sha384', 'sha512']) {
    const digest = `${algorithm}:${createHash(algorithm).update(archive).digest('hex')}`;
    assert.equal(await fetchArtifact({ url: server.url, digest }, undefined), archive.length);
  }
});

test('fetchArtifact refuses a digest that does not match, and leaves nothing', async () => {
  await using dir = await folder();
  const archive = await ours(hello);
  await using server = await serve((_request, response) => response.end(archive));
  const digest = `sha256:${'0'.repeat(64)}`;
  await assert.rejects(fetchArtifact({ url: server.url, digest }, join(dir.path, 'out')), { code: 'digestMismatch' });
  assert.deepEqual(await readdir(dir.path), []);
});

test('fetchArtifact does not retry a 404', async () => {
  let requests = 0;
  await using server = await serve((_request, response) => {
    requests++;
    response.writeHead(404).end();
  });
  await assert.rejects(fetchArtifact({ url: server.url, digest: sha256(Buffer.from('')) }, undefined, quick), {
    code: 'gone',
  });
  assert.equal(requests, 1);
});

test('fetchArtifact retries a 5xx and a connection that breaks in the middle', async () => {
  await using dir = await folder();
  const archive = await ours(hello);
  let requests = 0;
  await using server = await serve((_request, response) => {
    requests++;
    if (requests === 1) response.writeHead(503).end();
    else if (requests === 2) {
      response.writeHead(200, { 'content-length': archive.length });
      response.write(archive.subarray(0, 10), () => response.destroy());
    } else response.end(archive);
  });
  await fetchArtifact({ url: server.url, digest: sha256(archive) }, join(dir.path, 'out'), quick);
  assert.equal(requests, 3);
});

test('fetchArtifact gives up when the store stays away', async () => {
  const server = await serve(() => undefined);
  await server[Symbol.asyncDispose]();
  await assert.rejects(
    fetchArtifact({ url: server.url, digest: sha256(Buffer.from('')) }, undefined, { ...quick, retries: 2 }),
    {
      code: 'unavailable',
      message: /connect ECONNREFUSED/,
    },
  );
});

test('fetchArtifact ends with its signal while it waits for a retry', async () => {
  await using server = await serve((_request, response) => response.writeHead(500).end());
  const signal = AbortSignal.timeout(50);
  await assert.rejects(fetchArtifact({ url: server.url, digest: sha256(Buffer.from('')) }, undefined, { signal }), {
    name: 'TimeoutError',
  });
});

test('fetchArtifact replaces the host when told to', async () => {
  const archive = await ours(hello);
  await using server = await serve((_request, response) => response.end(archive));
  const { host } = new URL(server.url);
  const url = 'http://source-controller.flux-system.svc.cluster.local./artifact.tar.gz';
  assert.equal(
    await fetchArtifact({ url, digest: sha256(archive) }, undefined, { hostOverride: host }),
    archive.length,
  );
});

for (const c of [
  { name: 'a name that climbs out', entries: [{ name: 'a/../../evil', content: 'x' }], code: 'badArchive' },
  { name: 'an absolute name', entries: [{ name: '/etc/evil', content: 'x' }], code: 'badArchive' },
  {
    name: 'a hard link',
    entries: [
      { name: 'a', content: 'x' },
      { name: 'b', type: 'link', linkname: 'a' },
    ],
    code: 'badArchive',
  },
  { name: 'a device', entries: [{ name: 'null', type: 'character-device' }], code: 'badArchive' },
  { name: 'a pipe', entries: [{ name: 'pipe', type: 'fifo' }], code: 'badArchive' },
  {
    name: 'a file below a file',
    entries: [
      { name: 'a', content: 'x' },
      { name: 'a/b', content: 'y' },
    ],
    code: 'badArchive',
  },
  { name: 'more than the size limit', entries: [{ name: 'a', content: 'x'.repeat(2000) }], code: 'tooLarge' },
  {
    name: 'more entries than the limit',
    entries: [1, 2, 3, 4].map((n) => ({ name: `f${n}`, content: '' })),
    code: 'tooLarge',
  },
  { name: 'more folders than the limit', entries: [{ name: 'a/b/c/d/e', content: '' }], code: 'tooLarge' },
] as const) {
  test(`fetchArtifact refuses an archive with ${c.name}, and leaves nothing`, async () => {
    await using dir = await folder();
    const archive = await theirs([...c.entries]);
    await using server = await serve((_request, response) => response.end(archive));
    const unpack = { maxBytes: 1000, maxEntries: 3, maxDepth: 4 };
    await assert.rejects(
      fetchArtifact({ url: server.url, digest: sha256(archive) }, join(dir.path, 'out'), { unpack }),
      { code: c.code },
    );
    assert.deepEqual(await readdir(dir.path), []);
  });
}

test('fetchArtifact drops symbolic links, so nothing is written through them', async () => {
  await using dir = await folder();
  const archive = await theirs([
    { name: 'link', type: 'symlink', linkname: '/tmp' },
    { name: 'link/evil', content: 'x' },
  ]);
  await using server = await serve((_request, response) => response.end(archive));
  await fetchArtifact({ url: server.url, digest: sha256(archive) }, join(dir.path, 'out'));
  assert.ok((await stat(join(dir.path, 'out/link'))).isDirectory());
  assert.equal(await readFile(join(dir.path, 'out/link/evil'), 'utf8'), 'x');
});

for (const c of [
  { name: 'no gzip', bytes: Buffer.from('hello') },
  { name: 'a gzip that ends early', bytes: gzipSync(Buffer.alloc(5000, 'x')).subarray(0, 20) },
  { name: 'a gzip without a tar', bytes: gzipSync(Buffer.alloc(5000, 'x')) },
  { name: 'a tar that ends early', bytes: gzipSync(Buffer.from('x'.repeat(100))) },
]) {
  test(`fetchArtifact refuses ${c.name}`, async () => {
    await using dir = await folder();
    await using server = await serve((_request, response) => response.end(c.bytes));
    await assert.rejects(fetchArtifact({ url: server.url, digest: sha256(c.bytes) }, join(dir.path, 'out')), {
      code: 'badArchive',
    });
    assert.deepEqual(await readdir(dir.path), []);
  });
}

test('an artifact cache downloads a digest once for all who want it at the same time', async () => {
  await using dir = await folder();
  const archive = await ours(hello);
  let requests = 0;
  await using server = await serve((_request, response) => {
    requests++;
    setTimeout(() => response.end(archive), 20);
  });
  const cache = await openArtifactCache({ dir: join(dir.path, 'cache'), maxEntries: 1 });
  const request = { url: server.url, digest: sha256(archive), revision: 'main@sha1:0' };
  const users = await Promise.all([1, 2, 3].map(() => cache.acquire(request)));
  const paths = new Set(users.map((user) => user.path));
  assert.equal(paths.size, 1);
  for (const user of users) await user[Symbol.asyncDispose]();
  await using again = await cache.acquire(request);
  assert.equal(await readFile(join(again.path, 'apps/web/hello.yaml'), 'utf8'), 'hello');
  assert.equal(requests, 1);
});

test('an artifact cache evicts what was unused longest, never what is in use', async () => {
  await using dir = await folder();
  const archives = await Promise.all(['a', 'b', 'c'].map((name) => ours({ ...hello, name })));
  await using server = await serve((request, response) => response.end(archives[Number(request.url?.slice(-1))]));
  const cache = await openArtifactCache({ dir: join(dir.path, 'cache'), maxEntries: 1 });
  const acquire = (n: number): ReturnType<typeof cache.acquire> =>
    cache.acquire({ url: `${server.url}?${n}`, digest: sha256(archives[n] ?? Buffer.alloc(0)), revision: '' });
  const [a, b, c] = [await acquire(0), await acquire(1), await acquire(2)];
  await b[Symbol.asyncDispose]();
  assert.equal((await readdir(join(dir.path, 'cache'))).length, 3);
  await c[Symbol.asyncDispose]();
  assert.equal((await readdir(join(dir.path, 'cache'))).length, 2);
  await assert.rejects(stat(b.path), { code: 'ENOENT' });
  await stat(a.path);
  await stat(c.path);
});

test('an artifact cache ends a download that nobody waits for any more, and can try again', async () => {
  await using dir = await folder();
  const archive = await ours(hello);
  let hang = true;
  await using server = await serve((_request, response) => {
    if (!hang) response.end(archive);
  });
  const cache = await openArtifactCache({ dir: join(dir.path, 'cache'), maxEntries: 1 });
  const request = { url: server.url, digest: sha256(archive), revision: '' };
  await assert.rejects(cache.acquire(request, { signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' });
  hang = false;
  await using unpacked = await cache.acquire(request);
  await stat(unpacked.path);
});
