import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '#test-kit';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Command lines of all processes that carry this mark in their environment. */
function processesWith(mark: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/environ`).includes(mark))
    .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' '));
}

/** Empty for a process that ended meanwhile, a zombie, and those of other users. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

test('the tour ends well and leaves nothing behind', async () => {
  const mark = `SLUICE_DEMO_TEST=${process.pid}`;
  const demo = spawn(process.execPath, [main], {
    env: { ...process.env, CI: 'true', SLUICE_DEMO_TEST: String(process.pid) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  demo.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  demo.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = await once(demo, 'close');
  assert.equal(code, 0, output);
  for (const expected of [
    /gitrepository\S*sample/,
    /deployment "shop" successfully rolled out/,
    /Deployment\/demo\/shop configured/,
    /deployment\.yaml/,
    /repaired \d+ ms after/,
    /controller_runtime_reconcile_total\{/,
  ]) {
    assert.match(output, expected);
  }
  assert.deepEqual(processesWith(mark), []);
});

test('Ctrl-C in the middle ends everything', async () => {
  const mark = `SLUICE_DEMO_TEST=${process.pid}.interrupted`;
  const demo = spawn(process.execPath, [main], {
    env: { ...process.env, SLUICE_DEMO_TEST: `${process.pid}.interrupted` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // The control plane runs by then, and the controllers are about to.
  let output = '';
  demo.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await waitFor(() => output.includes('config/rbac'), { timeoutMs: 60_000, what: 'the third step' });
  assert.ok(processesWith(mark).length > 5);
  demo.kill('SIGINT');
  const [code] = await once(demo, 'exit');
  assert.equal(code, 1);
  assert.deepEqual(processesWith(mark), []);
});
