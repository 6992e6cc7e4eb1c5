import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { httpSink } from '#test-kit';
import { toolPath } from './index.ts';
import { lockFile } from './lock.ts';
import { downloadRelease } from './release.ts';

async function withFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-tools-'));
  try {
    await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function archiveWith(name: string, content: string): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'README.md' }, 'not this one');
  archive.entry({ name }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

test('KUBEBUILDER_ASSETS comes before everything else', () =>
  withFolder(async (dir) => {
    await writeFile(join(dir, 'kubectl'), '', { mode: 0o755 });
    const environment = { KUBEBUILDER_ASSETS: dir, SLUICE_CACHE: join(dir, 'cache') };
    assert.equal(await toolPath('kubectl', { environment }), join(dir, 'kubectl'));
  }));

test('without Go the error says what to install', () =>
  withFolder(async (dir) => {
    const lines: string[] = [];
    // kwok has no release to try first, so that this needs no network.
    const wanted = toolPath('kwok', {
      environment: { PATH: dir, SLUICE_CACHE: dir },
      log: (line) => void lines.push(line),
    });
    await assert.rejects(wanted, /cannot get kwok v0\.8\.0: .* no "go" on PATH, expected Go 1\.26 or newer/);
    assert.match(lines[0] ?? '', /^building kwok v0\.8\.0 from its Go module/);
    await assert.rejects(stat(join(dir, 'tools', 'lock')), 'the lock is released');
  }));

test('a release is unpacked when its checksum fits, and refused when it does not', () =>
  withFolder(async (dir) => {
    const archive = await archiveWith('bin/tool', 'the program');
    const sum = createHash('sha256').update(archive).digest('hex');
    let listed = `${'0'.repeat(64)}  other.tar.gz\n${sum}  tool.tar.gz\n`;
    await using site = await httpSink();
    site.answer(({ path }) =>
      path === '/tool.tar.gz' ? { status: 200, body: archive } : { status: path === '/sums' ? 200 : 404, body: listed },
    );
    const release = { url: `${site.url}/tool.tar.gz`, checksumUrl: `${site.url}/sums`, member: 'bin/tool' };
    const target = join(dir, 'tool');
    await downloadRelease(release, target);
    assert.equal(await readFile(target, 'utf8'), 'the program');
    assert.equal((await stat(target)).mode & 0o777, 0o755);

    const other = join(dir, 'other');
    listed = `${'0'.repeat(64)}  tool.tar.gz\n`;
    await assert.rejects(downloadRelease(release, other), /its sha256 is [0-9a-f]{64}, expected 0{64}/);
    listed = `${sum}  else.tar.gz\n`;
    await assert.rejects(downloadRelease(release, other), /its release lists none/);
    await assert.rejects(downloadRelease({ ...release, checksumUrl: `${site.url}/gone` }, other), /answered 404/);
    await assert.rejects(stat(other));
  }));

test('a lock is held by one at a time, and a dead one is taken over', () =>
  withFolder(async (dir) => {
    const path = join(dir, 'lock');
    const order: string[] = [];
    const work = async (name: string): Promise<void> => {
      await using _lock = await lockFile(path);
      order.push(`${name} in`);
      await sleep(50);
      order.push(`${name} out`);
    };
    await Promise.all([work('a'), work('b')]);
    assert.equal(order[0]?.[0], order[1]?.[0]);
    assert.equal(order.length, 4);

    await writeFile(path, 'somebody who died\n');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(path, longAgo, longAgo);
    await work('c');
    assert.equal(order.at(-1), 'c out');
  }));
