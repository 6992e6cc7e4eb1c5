import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { gzipBytes, type TarEntry, tarBytes } from './archive.ts';
import { encodeTarHeader } from './tar-header.ts';

function file(name: string, content: string, mode = 0o600): TarEntry {
  const bytes = Buffer.from(content);
  return { name, type: 'file', mode, sizeBytes: bytes.length, content: bytes };
}

async function read(tar: Buffer): Promise<{ name: string; type: string; mode: number; content: string }[]> {
  const reader = extract();
  reader.end(tar);
  const found = [];
  for await (const entry of reader) {
    const content = (await buffer(entry)).toString();
    found.push({ name: entry.header.name, type: entry.header.type, mode: entry.header.mode, content });
  }
  return found;
}

for (const c of [
  { name: 'a short name', path: 'a.yaml' },
  { name: 'a name that splits into prefix and name', path: `${'d'.repeat(120)}/${'f'.repeat(90)}` },
  { name: 'a name that no ustar field holds', path: `${'d/'.repeat(200)}x` },
  { name: 'a last part of 101 bytes', path: `d/${'f'.repeat(101)}` },
  { name: 'a name that is not ASCII', path: 'straße/日本.yaml' },
]) {
  test(`tarBytes writes ${c.name} so that another reader finds it`, async () => {
    const tar = await buffer(tarBytes([file(c.path, 'hello', 0o700)]));
    assert.deepEqual(await read(tar), [{ name: c.path, type: 'file', mode: 0o700, content: 'hello' }]);
    assert.equal(tar.length % 512, 0);
  });
}

test('tarBytes writes directories without a trailing slash and with zero owner and time', async () => {
  const tar = await buffer(tarBytes([{ name: '.', type: 'directory', mode: 0o750, sizeBytes: 0 }]));
  assert.equal(tar.length, 3 * 512);
  assert.equal(tar.subarray(0, 2).toString('latin1'), '.\0');
  assert.equal(
    tar.subarray(100, 148).toString('latin1').replaceAll('\0', '|'),
    '0000750|0000000|0000000|00000000000|00000000000|',
  );
  assert.equal(tar.subarray(156, 157).toString(), '5');
  assert.equal(tar.subarray(257, 265).toString('latin1'), 'ustar\x0000');
});

test('tarBytes refuses a content that is not as long as announced', async () => {
  const entry = { ...file('a', 'abc'), sizeBytes: 4 };
  await assert.rejects(buffer(tarBytes([entry])), { message: 'cannot archive "a": it has 3 bytes, expected 4' });
});

test('tarBytes takes a content in pieces', async () => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(300_000, 'a');
    yield Buffer.from('b');
  }
  const tar = await buffer(
    tarBytes([{ name: 'big', type: 'file', mode: 0o600, sizeBytes: 300_001, content: pieces() }]),
  );
  assert.equal((await read(tar))[0]?.content, `${'a'.repeat(300_000)}b`);
});

test('gzipBytes writes a header without time and system, and what gunzip reads back', async () => {
  const content = Buffer.alloc(1_000_000, 'sluice ');
  async function* input(): AsyncGenerator<Uint8Array> {
    yield content;
  }
  const first = await buffer(gzipBytes(input()));
  const second = await buffer(gzipBytes(input()));
  assert.equal(first.subarray(0, 10).toString('hex'), '1f8b08000000000000ff');
  assert.deepEqual(gunzipSync(first), content);
  assert.equal(createHash('sha256').update(first).digest('hex'), createHash('sha256').update(second).digest('hex'));
});

test('gzipBytes passes a failure of its input on', async () => {
  async function* input(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    throw new Error('disk gone');
  }
  await assert.rejects(buffer(gzipBytes(input())), { message: 'disk gone' });
});

test('encodeTarHeader writes a size of 9 GiB as a PAX record', () => {
  const header = encodeTarHeader({ name: 'big', type: 'file', mode: 0o600, sizeBytes: 9 * 1024 ** 3 });
  assert.equal(header.length, 3 * 512);
  assert.equal(header.subarray(512, 512 + 19).toString(), '19 size=9663676416\n');
});
