/**
 * Runs the tests of one kind: `unit` (one process, no network) or `e2e` (real control plane, Git server, kustomize).
 * A pattern that matches no file is an error, since the test runner would call that a success.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const kind = process.argv[2];
if (kind !== 'unit' && kind !== 'e2e') {
  console.error('usage: node hack/test/main.ts unit|e2e [file ...]');
  process.exit(2);
}
const named = process.argv.slice(3);
const all = globSync(
  ['crds', 'lib', 'controllers', 'hack', 'test'].map((folder) => `${folder}/**/*.test.ts`),
).toSorted();
const files = named.length > 0 ? named : all.filter((file) => file.endsWith('.e2e.test.ts') === (kind === 'e2e'));
if (files.length === 0) {
  console.error(`cannot run the ${kind} tests: no file matches`);
  process.exit(1);
}
const options =
  kind === 'unit'
    ? ['--test-isolation=none', '--test-force-exit', '--test-timeout=60000']
    : ['--test-concurrency=1', '--test-force-exit', '--test-timeout=600000'];
const run = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...options, ...files], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exit(run.status ?? 1);
