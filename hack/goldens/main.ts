/**
 * Writes what the real kustomize makes of every golden case: `lib/kustomize/testdata/<case>/input/` is ours, and beside it
 * `expected.yaml` (its default order), `expected.fifo.yaml` where the order of the sources differs, and
 * `expected.err` (stderr: warnings or the error) come from the oracle. Run: node hack/goldens/main.ts [case ...]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { toolPath } from '#tools';

const folder = resolve(import.meta.dirname, '../../lib/kustomize/testdata');
const kustomize = await toolPath('kustomize');
console.log(execFileSync(kustomize, ['version'], { encoding: 'utf8' }).trim());

const named = process.argv.slice(2);
const cases = named.length > 0 ? named : readdirSync(folder).toSorted();
for (const name of cases) {
  const input = join(folder, name, 'input');
  if (!existsSync(input)) throw new Error(`cannot write golden "${name}": there is no ${input}`);
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(kustomize, ['build', ...args, input], {
      encoding: 'utf8',
      env: { PATH: '/nonexistent', HOME: '/nonexistent' },
    });
  const legacy = run();
  const fifo = run('--reorder', 'none');
  const portable = (text: string): string =>
    text.replaceAll(input, '$INPUT').replaceAll(/generator &\{[^}]*\}/g, 'generator $GENERATOR');
  const put = (file: string, text: string | undefined): void => {
    const path = join(folder, name, file);
    if (text === undefined) rmSync(path, { force: true });
    else writeFileSync(path, text);
  };
  put('expected.yaml', legacy.status === 0 ? legacy.stdout : undefined);
  put('expected.fifo.yaml', legacy.status === 0 && fifo.stdout !== legacy.stdout ? fifo.stdout : undefined);
  put('expected.err', legacy.stderr === '' ? undefined : portable(legacy.stderr));
  console.log(`${name}: ${legacy.status === 0 ? `${legacy.stdout.length} bytes` : 'fails'}`);
}
