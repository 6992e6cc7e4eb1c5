import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type TarEntry, tarBytes } from './archive.ts';
import { fetchArtifact } from './fetch.ts';
import { startFileServer } from './file-server.ts';
import { ArtifactStore, temporaryPrefix } from './store.ts';

const owner = { kind: 'GitRepository', namespace: 'flux-system', name: 'podinfo' };
const folderName = 'gitrepository/flux-system/podinfo';

interface Scratch extends AsyncDisposable {
  readonly dir: string;
  readonly store: ArtifactStore;
}

async function scratch(): Promise<Scratch> {
  const dir = await mkdtemp(join(tmpdir(), 'store-'));
  return { dir, store: open(dir), [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

function open(dir: string): ArtifactStore {
  const retention = { ttlMs: 60_000, records: 2 };
  return new ArtifactStore({ dir, advertisedAddress: 'source-controller.', algorithm: 'sha256', retention });
}

function tree(content: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(content);
  const file: TarEntry = { name: 'a.yaml', type: 'file', mode: 0o600, sizeBytes: bytes.length, content: bytes };
  return tarBytes([file]);
}

test('a store writes a private file whose digest a consumer can verify', async () => {
  await using s = await scratch();
  const stored = await s.store.write(owner, 'abc.tar.gz', tree('hello'));
  assert.equal(stored.path, `${folderName}/abc.tar.gz`);
  assert.equal(stored.url, `http://source-controller./${folderName}/abc.tar.gz`);
  const stats = await stat(join(s.dir, stored.path));
  assert.equal(stats.mode & 0o777, 0o600);
  assert.equal(stats.size, stored.sizeBytes);
  assert.equal((await stat(join(s.dir, folderName))).mode & 0o777, 0o700);
  await using server = await startFileServer({ dir: s.dir, host: '127.0.0.1', port: 0 });
  await fetchArtifact({ url: stored.url, digest: stored.digest }, undefined, {
    hostOverride: `127.0.0.1:${server.port}`,
  });
});

test('a store replaces a file of the same name, and gives equal trees equal bytes', async () => {
  await using s = await scratch();
  const first = await s.store.write(owner, 'abc.tar.gz', tree('one'));
  const second = await s.store.write(owner, 'abc.tar.gz', tree('two'));
  const third = await s.store.write({ ...owner, name: 'other' }, 'def.tar.gz', tree('one'));
  assert.notEqual(first.digest, second.digest);
  assert.equal(first.digest, third.digest);
  assert.equal(await s.store.check(second), 'intact');
  assert.equal(await s.store.check(first), 'corrupt');
});

test('a store keeps the bytes of an equal tree that another zlib compressed', async () => {
  await using s = await scratch();
  const first = await s.store.write(owner, 'abc.tar.gz', tree('one'));
  const path = join(s.dir, first.path);
  const other = gzipSync(gunzipSync(await readFile(path)), { level: 1 });
  await writeFile(path, other);
  const second = await s.store.write(owner, 'abc.tar.gz', tree('one'));
  assert.notEqual(second.digest, first.digest);
  assert.equal(second.sizeBytes, other.length);
  assert.deepEqual(await readFile(path), other);
});

for (const c of [
  { name: 'a file that is gone', damage: (path: string) => rm(path), want: 'missing' },
  { name: 'a file with other content', damage: (path: string) => writeFile(path, 'x'), want: 'corrupt' },
  { name: 'a folder in its place', damage: (path: string) => rm(path).then(() => mkdir(path)), want: 'missing' },
  {
    name: 'a link in its place',
    damage: (path: string) => rm(path).then(() => symlink('/etc/hostname', path)),
    want: 'missing',
  },
]) {
  test(`a store finds ${c.name}, in the process that wrote it and after a restart`, async () => {
    await using s = await scratch();
    const stored = await s.store.write(owner, 'abc.tar.gz', tree('hello'));
    assert.equal(await open(s.dir).check(stored), 'intact');
    await c.damage(join(s.dir, stored.path));
    assert.equal(await s.store.check(stored), c.want);
    assert.equal(await open(s.dir).check(stored), c.want);
  });
}

test('a store finds a change that hides behind the old time', async () => {
  await using s = await scratch();
  const stored = await s.store.write(owner, 'abc.tar.gz', tree('hello'));
  const path = join(s.dir, stored.path);
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
  assert.equal(await s.store.check(stored), 'corrupt');
});

for (const path of ['../../etc/passwd', '/etc/passwd', 'a/../../x', 'a/\0']) {
  test(`a store refuses the status path ${JSON.stringify(path)}`, async () => {
    await using s = await scratch();
    await assert.rejects(s.store.check({ path, digest: '' }), { code: 'badPath' });
    await assert.rejects(s.store.remove(path), { code: 'badPath' });
  });
}

test('a store refuses owners that are no file names', async () => {
  await using s = await scratch();
  await assert.rejects(s.store.write({ ...owner, name: '..' }, 'x', tree('')), { code: 'badPath' });
  await assert.rejects(s.store.removeAll({ ...owner, namespace: '' }), { code: 'badPath' });
});

test('a store collects old files, their locks and what a crash left, and removes a whole object', async () => {
  await using s = await scratch();
  const current = await s.store.write(owner, 'current.tar.gz', tree('1'));
  await s.store.write(owner, 'old.tar.gz', tree('2'));
  const folder = join(s.dir, folderName);
  await writeFile(join(folder, 'old.tar.gz.lock'), '');
  await writeFile(join(folder, `${temporaryPrefix}left`), 'x');
  const later = new Date(Date.now() + 61_000);
  assert.equal(await s.store.collectGarbage(owner, current.path, later), 2);
  assert.deepEqual(await readdir(folder), ['current.tar.gz']);
  assert.equal(await s.store.removeAll(owner), true);
  assert.equal(await s.store.removeAll(owner), false);
  assert.equal(await s.store.collectGarbage(owner, undefined, later), 0);
});

test('a store leaves the old file, whole, when the content fails', async () => {
  await using s = await scratch();
  const stored = await s.store.write(owner, 'abc.tar.gz', tree('hello'));
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    throw new Error('connection lost');
  }
  await assert.rejects(s.store.write(owner, 'abc.tar.gz', failing()), { message: 'connection lost' });
  assert.equal(await open(s.dir).check(stored), 'intact');
  assert.deepEqual(await readdir(join(s.dir, folderName)), ['abc.tar.gz']);
});

test('a process killed between writing and renaming leaves the old file, whole', async () => {
  await using s = await scratch();
  const stored = await s.store.write(owner, 'abc.tar.gz', tree('hello'));
  const script = `
    import { ArtifactStore } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
    const retention = { ttlMs: 60_000, records: 2 };
    const store = new ArtifactStore({ dir: process.argv[1], advertisedAddress: '', algorithm: 'sha256', retention });
    async function* hanging() {
      yield Buffer.alloc(4_000_000, 'x');
      console.log('written');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await store.write(${JSON.stringify(owner)}, 'abc.tar.gz', hanging());`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, s.dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const names = await readdir(join(s.dir, folderName));
  assert.equal(names.filter((name) => name.startsWith(temporaryPrefix)).length, 1);
  const restarted = open(s.dir);
  assert.equal(await restarted.check(stored), 'intact');
  assert.equal(await restarted.collectGarbage(owner, stored.path, new Date(Date.now() + 61_000)), 1);
  assert.deepEqual(await readdir(join(s.dir, folderName)), ['abc.tar.gz']);
});

/** Sends a path as it is: fetch and undici would tidy it first. */
async function raw(port: number, head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return await text(socket);
}

test('the file server shows nothing outside of its root, however it is asked', async () => {
  await using s = await scratch();
  const root = join(s.dir, 'root');
  await mkdir(join(root, 'sub'), { recursive: true });
  await writeFile(join(s.dir, 'secret'), 'SECRET');
  await writeFile(join(root, `${temporaryPrefix}1`), 'SECRET');
  await writeFile(join(root, 'visible'), 'yes');
  await symlink('../secret', join(root, 'link'));
  await symlink('..', join(root, 'up'));
  await symlink('visible', join(root, 'latest'));
  await using server = await startFileServer({ dir: root, host: '127.0.0.1', port: 0 });
  for (const path of [
    '/../secret',
    '/sub/../../secret',
    '/%2e%2e/secret',
    '/%2e%2e%2fsecret',
    '/..%5csecret',
    '/sub/..%2f..%2fsecret',
    '/%252e%252e/secret',
    '/link',
    '/up/secret',
    '/up/',
    `/${temporaryPrefix}1`,
    '//secret',
    '/./../secret',
    `${s.dir}/secret`,
    'http://x/../secret',
    '/..%00/secret',
    '/%c0%ae%c0%ae/secret',
  ]) {
    const answer = await raw(server.port, `GET ${path} HTTP/1.1`);
    assert.doesNotMatch(answer, /SECRET/, path);
    assert.match(answer, /^HTTP\/1\.1 (404|400) /, path);
  }
  assert.match(await raw(server.port, 'GET /latest HTTP/1.1'), /\r\n\r\nyes$/);
  assert.doesNotMatch(await raw(server.port, 'GET / HTTP/1.1'), /tmp-/);
});

test('the file server answers ranges, conditions, listings and other methods', async () => {
  await using s = await scratch();
  await mkdir(join(s.dir, 'o'));
  await writeFile(join(s.dir, 'o/sha256:0.tar.gz'), '0123456789');
  await writeFile(join(s.dir, 'o/c-1.0.0+abc.tgz'), 'chart');
  await writeFile(join(s.dir, 'o/<b>&'), '');
  await chmod(join(s.dir, 'o/sha256:0.tar.gz'), 0o600);
  await using server = await startFileServer({ dir: s.dir, host: '127.0.0.1', port: 0 });
  const base = `http://127.0.0.1:${server.port}`;
  const whole = await fetch(`${base}/o/sha256:0.tar.gz`);
  assert.equal(await whole.text(), '0123456789');
  assert.equal(whole.headers.get('content-length'), '10');
  assert.equal(await (await fetch(`${base}/o/c-1.0.0+abc.tgz`)).text(), 'chart');
  const part = await fetch(`${base}/o/sha256:0.tar.gz`, { headers: { range: 'bytes=2-4' } });
  assert.deepEqual([part.status, await part.text(), part.headers.get('content-range')], [206, '234', 'bytes 2-4/10']);
  assert.equal((await fetch(`${base}/o/sha256:0.tar.gz`, { headers: { range: 'bytes=20-' } })).status, 416);
  const etag = whole.headers.get('etag') ?? '';
  assert.equal((await fetch(`${base}/o/sha256:0.tar.gz`, { headers: { 'if-none-match': etag } })).status, 304);
  const head = await fetch(`${base}/o/sha256:0.tar.gz`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '10', '']);
  assert.equal((await fetch(`${base}/o/sha256:0.tar.gz`, { method: 'PUT', body: 'x' })).status, 405);
  assert.equal((await fetch(`${base}/o/nothing`)).status, 404);
  assert.match(await raw(server.port, 'GET /o HTTP/1.1'), /301[^]*location: \.\/o\//);
  const listing = await (await fetch(`${base}/o/`)).text();
  assert.match(listing, /<a href="\.\/sha256:0\.tar\.gz">sha256:0\.tar\.gz<\/a>/);
  assert.match(listing, /<a href="%3Cb%3E&#38;">&#60;b&#62;&#38;<\/a>/);
});

test('the file server ends downloads under way after its grace, and lets short ones finish', async () => {
  await using s = await scratch();
  await writeFile(join(s.dir, 'big'), Buffer.alloc(50_000_000));
  const server = await startFileServer({ dir: s.dir, host: '127.0.0.1', port: 0, graceMs: 100 });
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'readable');
  await server[Symbol.asyncDispose]();
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/big`));
  socket.destroy();
});

test('a store takes bytes as they are, and a link follows the newest file', async () => {
  await using s = await scratch();
  async function* bytes(text: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  const one = await s.store.writeFile(owner, 'chart-1.0.0+a.tgz', bytes('one'));
  assert.equal(one.sizeBytes, 3);
  assert.equal(await s.store.check(one), 'intact');
  assert.equal(
    await s.store.link(owner, 'latest.tar.gz', 'chart-1.0.0+a.tgz'),
    `http://source-controller./${folderName}/latest.tar.gz`,
  );
  await s.store.writeFile(owner, 'chart-2.tgz', bytes('two'));
  await s.store.link(owner, 'latest.tar.gz', 'chart-2.tgz');
  assert.equal(await readFile(join(s.dir, folderName, 'latest.tar.gz'), 'utf8'), 'two');
  assert.equal(await readFile(s.store.filePath(one.path), 'utf8'), 'one');
  assert.deepEqual((await readdir(join(s.dir, folderName))).toSorted(), [
    'chart-1.0.0+a.tgz',
    'chart-2.tgz',
    'latest.tar.gz',
  ]);
  assert.equal(await s.store.collectGarbage(owner, one.path, new Date(Date.now() + 120_000)), 1);
});
