import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build } from './build.ts';
import { KustomizeError } from './error.ts';
import { diskFileSystem } from './file-system.ts';
import type { Order } from './order/sort.ts';

/** Cases of our own; what is expected was written by the real kustomize (hack/goldens). */
const folder = join(import.meta.dirname, 'testdata');

/** Cases that we are known to miss, with the reason. One that passes has to go from this list. */
const knownMisses: ReadonlyMap<string, string> = new Map([]);

interface Outcome {
  readonly output: string | undefined;
  readonly messages: string;
}

function run(input: string, order: Order): Outcome {
  const lines: string[] = [];
  try {
    const result = build(diskFileSystem(), input, {
      loadRestrictions: 'rootOnly',
      order,
      warn: (line) => lines.push(line),
    });
    return { output: result.print(), messages: lines.map((line) => `${line}\n`).join('') };
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
    lines.push(`Error: ${error.message}`);
    return { output: undefined, messages: `${lines.join('\n')}\n`.replaceAll(input, '$INPUT') };
  }
}

function read(name: string, file: string): string | undefined {
  const path = join(folder, name, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Where kustomize prints the address of a generator, we print its name. */
const withoutAddresses = (text: string): string => text.replaceAll(/generator &\{[^}]*\}/g, 'generator $GENERATOR');

function compare(name: string): void {
  const input = join(folder, name, 'input');
  const expected = read(name, 'expected.yaml');
  const messages = read(name, 'expected.err') ?? '';
  const legacy = run(input, 'legacy');
  assert.equal(legacy.output, expected, legacy.messages);
  assert.equal(withoutAddresses(legacy.messages), messages);
  if (expected !== undefined) assert.equal(run(input, 'none').output, read(name, 'expected.fifo.yaml') ?? expected);
}

describe('kustomize goldens', () => {
  for (const name of readdirSync(folder)) {
    test(name, () => {
      const miss = knownMisses.get(name);
      if (miss === undefined) compare(name);
      else
        assert.throws(
          () => compare(name),
          assert.AssertionError,
          `listed as missed (${miss}), but it passes: take it off the list`,
        );
    });
  }
});
