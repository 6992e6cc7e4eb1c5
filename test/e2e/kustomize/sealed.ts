import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolPath } from '#tools';

export interface Identity {
  /** What `age-keygen` writes. */
  readonly text: string;
  readonly recipient: string;
}

/** The real sops and age. */
export interface Sealer {
  identity(): Identity;
  /** Encrypts a text in place; its format is that of the file name. */
  seal(name: string, text: string, recipient: string, ...args: readonly string[]): string;
}

export async function openSealer(): Promise<Sealer> {
  const [sops, keygen] = [await toolPath('sops'), await toolPath('age-keygen')];
  return {
    identity() {
      const text = execFileSync(keygen, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return { text, recipient: execFileSync(keygen, ['-y'], { input: text, encoding: 'utf8' }).trim() };
    },
    seal(name, text, recipient, ...args) {
      const dir = mkdtempSync(join(tmpdir(), 'sluice-seal-'));
      try {
        const file = join(dir, name);
        writeFileSync(file, text);
        execFileSync(sops, ['--config', '/dev/null', '-e', '-i', '--age', recipient, ...args, file], { stdio: 'pipe' });
        return readFileSync(file, 'utf8');
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  };
}
