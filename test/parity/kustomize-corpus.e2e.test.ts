import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { build, diskFileSystem, KustomizeError, type Order } from '#kustomize';
import { toolPath } from '#tools';

/** Real kustomizations of public repositories, kept beside the project; see its README for how the oracle was run. */
const corpus = join(import.meta.dirname, '../../../shared/corpus');
const indexFile = existsSync(join(corpus, 'index.json')) ? join(corpus, 'index.json') : undefined;

interface Root {
  readonly dir: string;
  readonly ok: boolean;
  readonly tier: number;
  readonly sha256?: string;
  readonly error?: string;
}

/** Roots that we are known to miss, with the reason. One that passes has to go from this list. */
const knownMisses: ReadonlyMap<string, string> = new Map([]);

interface Outcome {
  readonly ok: boolean;
  readonly text: string;
}

function ours(dir: string, order: Order): Outcome {
  try {
    return { ok: true, text: build(diskFileSystem(), dir, { loadRestrictions: 'rootOnly', order }).print() };
  } catch (error) {
    if (error instanceof KustomizeError) return { ok: false, text: error.message };
    throw error;
  }
}

function theirs(binary: string, dir: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 28, env: { PATH: '/nonexistent', HOME: '/nonexistent' } };
    execFile(binary, ['build', '--reorder', 'none', dir], options, (error, stdout, stderr) =>
      resolve(error === null ? { ok: true, text: stdout } : { ok: false, text: stderr }),
    );
  });
}

function readIndex(file: string): readonly Root[] {
  const index: { roots: Root[] } = JSON.parse(readFileSync(file, 'utf8'));
  return index.roots;
}

if (indexFile === undefined) {
  test('corpus', { skip: `no corpus at ${corpus}: the roots that it holds are not compared` });
} else {
  const roots = readIndex(indexFile);
  const folder = join(indexFile, '..');

  describe('kustomize build of the corpus in legacy order', () => {
    for (const root of roots) {
      test(root.dir, () => {
        const outcome = ours(join(folder, root.dir), 'legacy');
        const matches = root.ok ? outcome.ok && sha256(outcome.text) === root.sha256 : !outcome.ok;
        const miss = knownMisses.get(root.dir);
        if (miss !== undefined) assert.ok(!matches, `listed as missed (${miss}), but it passes: take it off the list`);
        else assert.ok(matches, outcome.ok ? 'the output differs from the oracle' : outcome.text);
      });
    }
  });

  describe('kustomize build of tier 1 in the order of the sources', () => {
    let binary = '';
    before(async () => {
      binary = await toolPath('kustomize');
    });
    for (const root of roots.filter(({ tier }) => tier === 1)) {
      test(root.dir, async () => {
        const dir = join(folder, root.dir);
        const [mine, real] = [ours(dir, 'none'), await theirs(binary, dir)];
        assert.equal(mine.ok, real.ok, mine.ok ? 'built, but kustomize refuses it' : mine.text);
        if (real.ok) assert.equal(mine.text, real.text);
        else assert.ok(real.text.includes(mine.text), `other words than kustomize:\n${mine.text}\n${real.text}`);
      });
    }
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
