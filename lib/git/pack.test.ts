import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { applyDelta } from './delta.ts';
import { GitError } from './git-error.ts';
import { parseCommit, parseTree } from './object.ts';
import { Pack, type PackLimits } from './pack.ts';
import { type SpooledPack, spoolPack } from './pack-spool.ts';

interface Part {
  readonly code: number;
  readonly body: Buffer;
  /** What a delta says of its base. */
  readonly base?: Buffer;
  /** Announced size, where it lies. */
  readonly size?: number;
}

function header(code: number, size: number): Buffer {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  bytes.push((code << 4) | (size & 15) | (rest > 0 ? 0x80 : 0));
  while (rest > 0) {
    const next = Math.floor(rest / 128);
    bytes.push((rest & 0x7f) | (next > 0 ? 0x80 : 0));
    rest = next;
  }
  return Buffer.from(bytes);
}

function packOf(parts: readonly Part[], count = parts.length): Buffer {
  const head = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  head.writeUInt32BE(count, 8);
  const bodies = parts.flatMap((part) => [
    header(part.code, part.size ?? part.body.length),
    part.base ?? Buffer.alloc(0),
    deflateSync(part.body),
  ]);
  const bytes = Buffer.concat([head, ...bodies]);
  return Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);
}

const oid = (type: string, body: Buffer): string =>
  createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex');
const blob = (text: string): Part => ({ code: 3, body: Buffer.from(text) });

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function spool(bytes: Buffer): Promise<SpooledPack> {
  return spoolPack(once(bytes), { dir: tmpdir(), maxBytes: 1e9 });
}

async function open(bytes: Buffer, limits: Partial<PackLimits> = {}): Promise<Pack> {
  return await Pack.open(await spool(bytes), undefined, limits);
}

/** Copies the whole base of 5 bytes and adds ` x`. */
const delta = Buffer.from([5, 7, 0x80 | 0x10, 5, 2, 0x20, 0x78]);

test('a pack gives whole objects and deltas of both kinds, also when a base comes later', async () => {
  const base = Buffer.from('hello');
  const sha = Buffer.from(oid('blob', base), 'hex');
  const first = packOf([{ code: 7, body: delta, base: sha }, blob('hello')]);
  assert.equal((await open(first)).read(oid('blob', Buffer.from('hello x'))).bytes.toString(), 'hello x');
  const offset = header(3, 5).length + deflateSync(base).length;
  const second = packOf([blob('hello'), { code: 6, body: delta, base: Buffer.from([offset]) }]);
  const pack = await open(second, { cacheBytes: 0 });
  assert.equal(pack.read(oid('blob', Buffer.from('hello x'))).bytes.toString(), 'hello x');
  assert.equal(pack.objectCount, 2);
});

for (const c of [
  { name: 'that is none', bytes: Buffer.from('hello'), code: 'badPack' },
  {
    name: 'with a wrong checksum',
    bytes: Buffer.concat([packOf([blob('a')]).subarray(0, -1), Buffer.from([1])]),
    code: 'badPack',
  },
  { name: 'with fewer objects than announced', bytes: packOf([blob('a')], 2), code: 'badPack' },
  { name: 'with more objects than announced', bytes: packOf([blob('a'), blob('b')], 1), code: 'badPack' },
  { name: 'with more objects than allowed', bytes: packOf([blob('a')], 1_000_000_000), code: 'tooLarge' },
  {
    name: 'with an object longer than announced',
    bytes: packOf([{ code: 3, body: Buffer.alloc(500), size: 10 }]),
    code: 'badPack',
  },
  {
    name: 'with an object shorter than announced',
    bytes: packOf([{ code: 3, body: Buffer.from('a'), size: 10 }]),
    code: 'badPack',
  },
  {
    name: 'with an object larger than allowed',
    bytes: packOf([{ code: 3, body: Buffer.from('a'), size: 2_000_000 }]),
    code: 'tooLarge',
  },
  {
    name: 'with an impossible size',
    bytes: packOf([{ code: 3, body: Buffer.from('a'), size: 2 ** 52 }]),
    code: 'badPack',
  },
  {
    name: 'with a delta without base',
    bytes: packOf([{ code: 7, body: delta, base: Buffer.alloc(20, 1) }]),
    code: 'badPack',
  },
  {
    name: 'with a delta on itself',
    bytes: packOf([blob('hello'), { code: 6, body: delta, base: Buffer.from([0]) }]),
    code: 'badPack',
  },
  {
    name: 'with an offset before its begin',
    bytes: packOf([{ code: 6, body: delta, base: Buffer.from([0xff, 0x7f]) }]),
    code: 'badPack',
  },
  { name: 'with an unknown object type', bytes: packOf([{ code: 5, body: Buffer.from('a') }]), code: 'badPack' },
] as const) {
  test(`a pack ${c.name} is refused`, async () => {
    await assert.rejects(open(c.bytes, { maxObjectBytes: 1_000_000 }), { name: 'GitError', code: c.code });
  });
}

test('a chain of deltas longer than allowed is refused', async () => {
  const grow = (size: number): Buffer => Buffer.from([size, size + 1, 0x80 | 0x10, size, 1, 0x78]);
  const parts: Part[] = [blob('hello')];
  let base = Buffer.from('hello');
  for (let n = 0; n < 10; n++) {
    parts.push({ code: 7, body: grow(base.length), base: Buffer.from(oid('blob', base), 'hex') });
    base = Buffer.concat([base, Buffer.from('x')]);
  }
  assert.equal((await open(packOf(parts))).has(oid('blob', base)), true);
  await assert.rejects(open(packOf(parts), { maxDeltaDepth: 5 }), { code: 'tooLarge' });
});

test('a pack larger than allowed is refused while it comes in', async () => {
  const bytes = packOf([blob('a')]);
  await assert.rejects(spoolPack(once(bytes), { dir: tmpdir(), maxBytes: 20 }), { code: 'tooLarge' });
});

for (const c of [
  { name: 'for another base', bytes: [6, 7, 0x90, 5, 2, 0x20, 0x78] },
  { name: 'that copies from outside', bytes: [5, 7, 0x91, 3, 5, 2, 0x20, 0x78] },
  { name: 'that writes too much', bytes: [5, 6, 0x90, 5, 2, 0x20, 0x78] },
  { name: 'that writes too little', bytes: [5, 9, 0x90, 5, 2, 0x20, 0x78] },
  { name: 'that ends early', bytes: [5, 7, 0x90] },
  { name: 'with an insert past its end', bytes: [5, 7, 0x90, 5, 9, 0x20] },
  { name: 'with the reserved instruction', bytes: [5, 7, 0] },
  { name: 'with an endless size', bytes: Array.from({ length: 20 }, () => 0xff) },
]) {
  test(`a delta ${c.name} is refused`, () => {
    assert.throws(() => applyDelta(Buffer.from('hello'), Buffer.from(c.bytes), 1000), { code: 'badPack' });
  });
}

test('a delta that would grow beyond the limit is refused before anything is allocated', () => {
  const huge = Buffer.from([5, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x90, 5]);
  assert.throws(() => applyDelta(Buffer.from('hello'), huge, 1000), { code: 'tooLarge' });
});

for (const name of ['..', '.', '', 'a/b', '.git', '.GIT']) {
  test(`a tree with the name ${JSON.stringify(name)} is refused`, () => {
    const bytes = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.alloc(20)]);
    assert.throws(() => parseTree('0', bytes), { code: 'badPack' });
  });
}

test('a tree comes in the order of a walk', () => {
  const item = (mode: string, name: string): Buffer =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.alloc(20)]);
  const bytes = Buffer.concat([
    item('100644', 'a-b'),
    item('100644', 'a.b'),
    item('40000', 'a'),
    item('160000', 'sub'),
    item('120000', 'link'),
  ]);
  assert.deepEqual(
    parseTree('0', bytes).map(({ name, kind }) => `${name} ${kind}`),
    ['a tree', 'a-b file', 'a.b file', 'link symlink', 'sub submodule'],
  );
});

test('a commit is read with its parents, time and message', () => {
  const text = `tree ${'1'.repeat(40)}\nparent ${'2'.repeat(40)}\nparent ${'3'.repeat(40)}\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 1700000000 -0230\ngpgsig x\n tree y\n\nSubject\n\nBody\n`;
  assert.deepEqual(parseCommit('0', Buffer.from(text)), {
    oid: '0',
    tree: '1'.repeat(40),
    parents: ['2'.repeat(40), '3'.repeat(40)],
    committedAt: 1_700_000_000,
    message: 'Subject\n\nBody\n',
  });
});

test('whatever byte of a pack is changed, it is refused or read, and nothing else is thrown', async () => {
  const sha = Buffer.from(oid('blob', Buffer.from('hello')), 'hex');
  const tree = Buffer.concat([Buffer.from('100644 a\0'), sha]);
  const good = packOf([blob('hello'), { code: 2, body: tree }, { code: 7, body: delta, base: sha }]);
  const body = good.subarray(0, -20);
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 2000; round++) {
    const changed = Buffer.from(body);
    for (let n = 0; n <= random(3); n++) changed[random(changed.length)] = random(256);
    const cut = random(10) === 0 ? changed.subarray(0, random(changed.length)) : changed;
    const bytes = Buffer.concat([cut, createHash('sha1').update(cut).digest()]);
    try {
      const pack = await open(bytes, { maxObjectBytes: 1_000_000, maxObjects: 1000 });
      for (const type of [oid('tree', tree)]) if (pack.has(type)) parseTree(type, pack.read(type).bytes);
    } catch (error) {
      assert.ok(error instanceof GitError, `round ${round}: ${String(error)}`);
    }
  }
});
