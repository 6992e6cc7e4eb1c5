/**
 * How fast the client applies: `node hack/bench/kube.ts [objects] [connections] [parallel]`. Compares with the design's
 * figure (884 applies a second at 0.22 ms of our own CPU each) and prints one line a measure.
 */
import { startCluster } from '#cluster';
import { mapLimit } from '#concurrency';
import { type KubeClient, openKubeClient, type Resource } from '#kube';

const configMaps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const [objects = 4_000, connections = 4, parallel = 16] = process.argv.slice(2).map(Number);

async function measure(name: string, count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await mapLimit(
    Array.from({ length: count }, (_, index) => index),
    parallel,
    work,
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = (count / seconds).toFixed(0).padStart(6);
  const cpuMs = ((user + system) / 1000 / count).toFixed(3);
  console.log(`${name.padEnd(24)} ${rate}/s  ${cpuMs} ms CPU each`);
}

async function run(client: KubeClient): Promise<void> {
  const apply = (index: number, value: string): Promise<unknown> =>
    client.apply(
      configMaps,
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `bench-${index}`, namespace: 'default', labels: { app: 'bench' } },
        data: { value, text: 'x'.repeat(500) },
      },
      { fieldManager: 'bench', force: true },
    );
  const few = Math.ceil(objects / 4);
  await measure('warm up', few, (index) => apply(index, 'warm'));
  await measure('apply, new', objects, (index) => apply(few + index, 'a'));
  await measure('apply, changed', objects, (index) => apply(few + index, 'b'));
  await measure('apply, unchanged', objects, (index) => apply(few + index, 'b'));
  await measure('get', objects, (index) => client.get(configMaps, { namespace: 'default', name: `bench-${index}` }));
  await measure('list of all', 10, () => client.list(configMaps, { namespace: 'default' }));
  await measure('list, metadata only', 10, () => client.list(configMaps, { namespace: 'default', metadataOnly: true }));
}

await using cluster = await startCluster();
await using client = await openKubeClient({ kubeconfigPath: cluster.kubeconfigPath }, { connections });
console.log(`${objects} objects, ${connections} connections, ${parallel} side by side`);
await run(client);
console.log(`${(process.memoryUsage().rss / 1e6).toFixed(0)} MB resident`);
