/**
 * Differential fuzzing of lib/kustomize: random trees are built by us and by the real kustomize; what differs is shrunk and kept.
 * Run: node hack/fuzz/kustomize.ts [--seed N] [--seconds N] [--count N] [--keep FOLDER] [--errors] [--only SEED]
 * Ends with 1 when something differed. A difference kept as `<seed>` becomes a golden case: move it to
 * lib/kustomize/testdata/<case>/input and run hack/goldens/main.ts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, diskFileSystem, KustomizeError } from '#kustomize';
import { toolPath } from '#tools';
import { kustomizeTree } from './kustomize-trees.ts';
import { BatchOracle, type Outcome, realBuild } from './oracle.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';
import { fileText, type Tree } from './tree.ts';

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    seconds: { type: 'string', default: '60' },
    count: { type: 'string', default: 'Infinity' },
    keep: { type: 'string', default: join(tmpdir(), 'kustomize-fuzz') },
    errors: { type: 'boolean', default: false },
    only: { type: 'string' },
    most: { type: 'string', default: '10' },
  },
});

function write(tree: Tree, folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, file] of tree.files) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, fileText(file));
  }
  return join(folder, tree.root);
}

function ours(dir: string): Outcome {
  try {
    const output = build(diskFileSystem(), dir, { loadRestrictions: 'rootOnly', order: 'legacy' }).print();
    return { ok: true, output, error: '' };
  } catch (error) {
    if (error instanceof KustomizeError) return { ok: false, output: '', error: error.message };
    // A bug of ours: never equal to anything.
    return { ok: false, output: '', error: `BUG ${error instanceof Error ? error.stack : String(error)}` };
  }
}

/** Go prints addresses where we print names, and quotes collections that we leave out. */
const comparable = (error: string): string =>
  error
    .replaceAll(/generator &\{[^}]*\}/g, 'generator')
    .replaceAll(/node contents:[\s\S]*$/g, '')
    .trim();

/** Empty when both agree; else what kind of difference it is. */
function difference(mine: Outcome, real: Outcome): string {
  if (mine.error.startsWith('BUG')) return 'bug';
  if (/^panic: |^kustomize crashed/.test(real.error)) return '';
  if (mine.ok !== real.ok) return mine.ok ? 'we build it' : 'we refuse it';
  if (mine.ok) return mine.output === real.output ? '' : 'output';
  return flags.errors && comparable(mine.error) !== comparable(real.error) ? 'error' : '';
}

async function batchBinary(): Promise<string> {
  const binary = join(homedir(), '.cache/sluice/tools/kustomize-oracle/oracle');
  if (!existsSync(binary)) {
    console.log('building the oracle from its Go modules (once) …');
    const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
    execFileSync('go', ['build', '-mod=readonly', '-trimpath', '-o', binary, '.'], {
      cwd: join(import.meta.dirname, 'oracle'),
      env,
    });
  }
  return binary;
}

const command = await toolPath('kustomize');
const oracle = new BatchOracle(await batchBinary());
const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kustomize-fuzz-'));
const usesSchema = (tree: Tree): boolean =>
  [...tree.files.values()].some((file) => fileText(file).includes('openapi:'));

/** kustomize answers some trees by chance (order of a Go map): what it says twice differently counts for nothing. */
async function confirm(tree: Tree): Promise<string> {
  const dir = write(tree, join(scratch, 'confirm'));
  const mine = ours(dir);
  const kinds = new Set([
    difference(mine, await realBuild(command, dir)),
    difference(mine, await realBuild(command, dir)),
  ]);
  const [kind = ''] = kinds;
  return kinds.size === 1 ? kind : '';
}

async function quick(tree: Tree): Promise<string> {
  const dir = write(tree, join(scratch, 'tree'));
  return difference(ours(dir), await oracle.build(dir, usesSchema(tree)));
}

/** The first lines that differ, with two before and after. */
function lineDifference(mine: string, real: string): string {
  const [ours, theirs] = [mine.split('\n'), real.split('\n')];
  const at = theirs.findIndex((line, i) => line !== ours[i]);
  const part = (lines: readonly string[]): string => lines.slice(Math.max(at - 3, 0), at + 4).join('\n');
  return `--- kustomize, line ${at + 1}:\n${part(theirs)}\n--- we:\n${part(ours)}`;
}

async function report(seed: number, tree: Tree, kind: string): Promise<void> {
  const small = await shrink(tree, async (candidate) => (await quick(candidate)) === kind);
  const again = await confirm(small);
  const confirmed = again === kind ? small : tree;
  if (again !== kind) console.log(`shrunk too far: ${again}`);
  const folder = join(flags.keep, String(seed));
  const dir = write(confirmed, folder);
  const real = await realBuild(command, dir);
  const mine = ours(dir);
  console.log(`\n=== seed ${seed}: ${kind}; kept in ${folder}`);
  for (const [path, file] of confirmed.files) console.log(`--- ${path}\n${fileText(file).trimEnd()}`);
  if (real.ok && mine.ok) console.log(lineDifference(mine.output, real.output));
  else
    console.log(`--- kustomize: ${real.ok ? 'builds it' : real.error}\n--- we: ${mine.ok ? 'build it' : mine.error}`);
}

const end = Date.now() + Number(flags.seconds) * 1000;
const first = Number(flags.only ?? flags.seed);
const count = flags.only === undefined ? Number(flags.count) : 1;
let tried = 0;
let built = 0;
let differences = 0;
try {
  for (; tried < count && Date.now() < end && differences < Number(flags.most); tried++) {
    const seed = first + tried;
    const tree = kustomizeTree(new Random(seed));
    const dir = write(tree, join(scratch, 'tree'));
    const real = await oracle.build(dir, usesSchema(tree));
    if (real.ok) built++;
    if (difference(ours(dir), real) === '') continue;
    const kind = await confirm(tree);
    if (kind === '') continue;
    differences++;
    await report(seed, tree, kind);
  }
} finally {
  oracle.stop();
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${tried} trees from seed ${first}: ${built} build, ${tried - built} fail, ${differences} differ`);
process.exitCode = differences === 0 ? 0 : 1;
