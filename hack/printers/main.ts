/**
 * node hack/printers/main.ts            writes config/crd, config/rbac and docs/reference
 * node hack/printers/main.ts --check    fails and names what is stale; writes nothing
 * node hack/printers/main.ts manifests  prints one install.yaml (needs kubectl or kustomize on the PATH)
 */
import { fileURLToPath } from 'node:url';
import { readPrinted, writePrinted } from './files.ts';
import { installManifests } from './manifests.ts';
import { printedFiles, staleFiles } from './outputs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [command, ...more] = process.argv.slice(2);

if (more.length > 0) fail(`cannot run with "${more.join(' ')}": expected nothing, --check or manifests`);
else if (command === undefined) for (const line of writePrinted(root)) console.error(`written: ${line}`);
else if (command === '--check') check();
else if (command === 'manifests') process.stdout.write(installManifests(root));
else fail(`cannot run "${command}": expected nothing, --check or manifests`);

function check(): void {
  const stale = staleFiles(printedFiles(), readPrinted(root));
  if (stale.length > 0) fail([...stale, 'run: node hack/printers/main.ts'].join('\n'));
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
