/**
 * Writes lib/sops/testdata: every plain document encrypted by the real sops, and what it makes of that in each format.
 * Encryption is never the same twice, so this is run when a document is added, not by a check.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { toolPath } from '#tools';

const root = resolve(import.meta.dirname, '../../../lib/sops/testdata');
const [plain, encrypted, decrypted] = ['plain', 'encrypted', 'decrypted'].map((name) => join(root, name));
const keys = join(root, 'keys.txt');
const sops = await toolPath('sops');
const keygen = await toolPath('age-keygen');

const formats: ReadonlyMap<string, string> = new Map([
  ['.yaml', 'yaml'],
  ['.json', 'json'],
  ['.env', 'dotenv'],
  ['.ini', 'ini'],
]);

/** Rules that decide what is encrypted, by document. */
const rules: Readonly<Record<string, readonly string[]>> = {
  'secret.yaml': ['--encrypted-regex', '^(data|stringData)$'],
};

function run(args: readonly string[]): Buffer {
  return execFileSync(sops, args, {
    env: { PATH: '', HOME: '/nonexistent', SOPS_AGE_KEY_FILE: keys },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

if (plain === undefined || encrypted === undefined || decrypted === undefined) throw new Error('unreachable');
if (!existsSync(keys)) execFileSync(keygen, ['-o', keys], { stdio: 'ignore' });
const recipient = execFileSync(keygen, ['-y', keys], { encoding: 'utf8' }).trim();
for (const folder of [encrypted, decrypted]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
}
for (const name of readdirSync(plain)) {
  const format = formats.get(extname(name)) ?? 'binary';
  const target = join(encrypted, name);
  const config = ['--config', '/dev/null', '--input-type', format, '--output-type', format];
  writeFileSync(target, run([...config, '-e', '--age', recipient, ...(rules[name] ?? []), join(plain, name)]));
  for (const output of ['yaml', 'json', 'dotenv', 'ini', 'binary']) {
    try {
      writeFileSync(
        join(decrypted, `${name}.${output}`),
        run(['-d', '--input-type', format, '--output-type', output, target]),
      );
    } catch {
      // sops cannot print this document in this format; the test wants the same of us.
    }
  }
}
