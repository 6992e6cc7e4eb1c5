import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const builders = [
  ['kustomize', 'build'],
  ['kubectl', 'kustomize'],
] as const;

/**
 * config/default as one stream of YAML, for `kubectl apply -f` and release pages.
 * @param root of the repository
 * @throws Error when neither kustomize nor kubectl can be run, or the build fails
 */
export function installManifests(root: string): string {
  for (const [program, subcommand] of builders) {
    const run = spawnSync(program, [subcommand, join(root, 'config/default')], { encoding: 'utf8', timeout: 60_000 });
    if (run.error !== undefined) continue;
    if (run.status !== 0) throw new Error(`cannot build config/default: ${run.stderr.trim()}`);
    return run.stdout;
  }
  throw new Error('cannot build config/default: neither kustomize nor kubectl is on the PATH');
}
