/** Starts the three controllers against the current KUBECONFIG, on loopback, until Ctrl-C (`make run`). */
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { keepProcesses, type RunningProcess } from '#cluster';

const root = resolve(import.meta.dirname, '../..');
const kubeconfig = process.env['KUBECONFIG'] ?? join(homedir(), '.kube/config');
const dir = join(root, '.build/run');
await mkdir(join(dir, 'data'), { recursive: true });

/** The ports of each program: metrics, health, and its own. */
const programs = {
  notification: [
    '--metrics-addr=127.0.0.1:8083',
    '--health-addr=127.0.0.1:9443',
    '--events-addr=127.0.0.1:9091',
    '--receiverAddr=127.0.0.1:9292',
  ],
  source: [
    '--metrics-addr=127.0.0.1:8081',
    '--health-addr=127.0.0.1:9441',
    `--storage-path=${join(dir, 'data')}`,
    '--storage-addr=127.0.0.1:9090',
    '--storage-adv-addr=127.0.0.1:9090',
    '--events-addr=http://127.0.0.1:9091/',
  ],
  kustomize: ['--metrics-addr=127.0.0.1:8082', '--health-addr=127.0.0.1:9442', '--events-addr=http://127.0.0.1:9091/'],
} as const;

await using keeper = keepProcesses({ dir });
const running: RunningProcess[] = Object.entries(programs).map(([name, args]) =>
  keeper.start({
    name: `${name}-controller`,
    command: process.execPath,
    args: [join(root, `controllers/${name}/main.ts`), ...args],
    env: {
      ...process.env,
      KUBECONFIG: kubeconfig,
      RUNTIME_NAMESPACE: process.env['RUNTIME_NAMESPACE'] ?? 'flux-system',
    },
    graceMs: 15_000,
  }),
);
for (const { name, pid, logPath } of running) console.log(`${name} (pid ${pid}) logs to ${logPath}`);
console.log(`KUBECONFIG ${kubeconfig}; webhooks at http://127.0.0.1:9292, metrics on 8081 to 8083. Ctrl-C ends all.`);
const interrupted = new Promise<undefined>((done) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done(undefined));
});
const ended = await Promise.race([
  interrupted,
  ...running.map(async (program) => ({ program, end: await program.waitForEnd() })),
]);
if (ended !== undefined) {
  console.error(
    `${ended.program.name} ended with ${ended.end.code ?? ended.end.signal}:\n${ended.program.lastLines()}`,
  );
  process.exitCode = 1;
}
