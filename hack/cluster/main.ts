// Starts a control plane on loopback and keeps it until Ctrl-C: `node hack/cluster/main.ts [--dir FOLDER] [--bare]`.
// `--bare` starts etcd and the API server only.
import { parseArgs } from 'node:util';
import { startCluster } from './index.ts';

const { values } = parseArgs({ options: { dir: { type: 'string' }, bare: { type: 'boolean', default: false } } });
const interrupted = new AbortController();
const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted.abort(new Error(`ended by ${signal}`));
      resolve();
    });
  }
});
try {
  const full = !values.bare;
  await using cluster = await startCluster({
    controllerManager: full,
    scheduler: full,
    kwok: full,
    signal: interrupted.signal,
    environment: process.env,
    ...(values.dir !== undefined && { dir: values.dir }),
  });
  process.stdout.write(`export KUBECONFIG=${cluster.kubeconfigPath}\n`);
  process.stderr.write(`${cluster.url} is up, logs are in ${cluster.dir}; Ctrl-C ends it\n`);
  // Nothing of the cluster keeps this process alive.
  const alive = setInterval(() => undefined, 1 << 30);
  await ended;
  clearInterval(alive);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
