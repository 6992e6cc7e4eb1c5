import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { toolPath } from '#tools';

const run = promisify(execFile);

/** A folder in which the real `helm` works, with a configuration of its own. */
export interface HelmFolder extends AsyncDisposable {
  readonly dir: string;
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  /** Runs helm there. @returns what it printed */
  helm(...args: readonly string[]): Promise<string>;
}

export async function openHelmFolder(): Promise<HelmFolder> {
  const command = await toolPath('helm');
  const dir = await mkdtemp(join(tmpdir(), 'sluice-helm-'));
  const home = join(dir, '.helm');
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
  };
  return {
    dir,
    async write(files) {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        await writeFile(join(dir, path), content);
      }
    },
    helm: async (...args) => (await run(command, [...args], { cwd: dir, env })).stdout,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
