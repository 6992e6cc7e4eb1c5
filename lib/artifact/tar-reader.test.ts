import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { ArtifactError } from './artifact-error.ts';
import { type TarEntry, tarBytes } from './archive.ts';
import { readTar } from './tar-reader.ts';

async function* split(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, size = 1000): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const entry of readTar(split(bytes, size))) {
    found.push(`${entry.type} ${entry.name} ${(await buffer(entry.content)).toString().slice(0, 20)}`.trim());
  }
  return found;
}

test('readTar reads what others write: long names, links, folders, any piece size', async () => {
  const packer = pack();
  const long = `${'folder/'.repeat(40)}file`;
  packer.entry({ name: 'dir/', type: 'directory' });
  packer.entry({ name: 'dir/a' }, 'hello');
  packer.entry({ name: long }, 'long');
  packer.entry({ name: 'ünïcode' }, 'u');
  packer.entry({ name: 'link', type: 'symlink', linkname: 'dir/a' });
  packer.entry({ name: 'hard', type: 'link', linkname: 'dir/a' });
  packer.finalize();
  const bytes = await buffer(packer);
  const want = [
    'directory dir/',
    'file dir/a hello',
    `file ${long} long`,
    'file ünïcode u',
    'symlink link',
    'other hard',
  ];
  for (const size of [1, 7, 511, 512, 513, 100_000]) assert.deepEqual(await read(bytes, size), want);
});

test('readTar skips what nobody reads', async () => {
  const entry = (name: string): TarEntry => ({
    name,
    type: 'file',
    mode: 0o600,
    sizeBytes: 700,
    content: Buffer.alloc(700),
  });
  const bytes = await buffer(tarBytes([entry('a'), entry('b')]));
  const names: string[] = [];
  for await (const { name } of readTar(split(bytes, 100))) names.push(name);
  assert.deepEqual(names, ['a', 'b']);
});

test('whatever byte of a tar is changed, it is refused or read, and nothing else is thrown', async () => {
  const entries: TarEntry[] = ['n'.repeat(200), 'a', 'b'].map((name) => ({
    name,
    type: 'file',
    mode: 0o600,
    sizeBytes: 3,
    content: Buffer.from('abc'),
  }));
  const good = await buffer(tarBytes(entries));
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 3000; round++) {
    const changed = Buffer.from(good);
    // Half of the rounds repair the checksum, so that what is behind it is reached too.
    const block = random(5) * 512;
    for (let n = 0; n <= random(4); n++) changed[block + random(512)] = random(256);
    if (random(2) === 0) repair(changed.subarray(block, block + 512));
    const bytes = random(10) === 0 ? changed.subarray(0, random(changed.length)) : changed;
    try {
      await read(bytes, 4096);
    } catch (error) {
      assert.ok(error instanceof ArtifactError, `round ${round}: ${String(error)}`);
    }
  }
});

function repair(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
