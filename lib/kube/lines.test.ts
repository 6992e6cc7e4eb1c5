import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLines } from './lines.ts';

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function linesOf(bytes: Buffer, size: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(chunksOf(bytes, size))) lines.push(line);
  return lines;
}

const text = '{"a":"ä€😀"}\n\n{"b":2}\nlast';

for (const size of [1, 2, 3, 5, 7, 1000]) {
  test(`readLines finds the same lines in chunks of ${size} bytes`, async () => {
    assert.deepEqual(await linesOf(Buffer.from(text), size), ['{"a":"ä€😀"}', '{"b":2}', 'last']);
  });
}

test('readLines puts a long line together once', async () => {
  const line = 'x'.repeat(3_000_000);
  const lines = await linesOf(Buffer.from(`${line}\ny\n`), 16_384);
  assert.deepEqual(
    lines.map((each) => each.length),
    [3_000_000, 1],
  );
});
