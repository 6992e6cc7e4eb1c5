import { mkdtemp, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { advertisedAddress, ArtifactStore, digestAlgorithms, isDigestAlgorithm, startFileServer } from '#artifact';
import type { Bucket, GitRepository, HelmChart, HelmRepository, OCIRepository } from '#crds';
import type { CacheEvent } from '#kube';
import type { Options, Program } from '#runtime';
import { Agent } from 'undici';
import { bucketController } from './bucket/controller.ts';
import type { sourceFlags } from './flags.ts';
import type { StoringObject } from './check-storage.ts';
import { gitRepositoryController } from './gitrepository/controller.ts';
import { helmChartController } from './helmchart/controller.ts';
import { chartsToWake } from './helmchart/wake-charts.ts';
import { helmRepositoryController } from './helmrepository/controller.ts';
import { ociRepositoryController } from './ocirepository/controller.ts';

type SourceProgram = Program<Options<typeof sourceFlags>>;

/** Most connections to one server at a time. */
const connectionsPerServer = 16;

/** Puts sources under control, and serves what they store once this replica leads. */
export async function buildSourceProgram(program: SourceProgram): Promise<void> {
  const { options, env } = program;
  const algorithm = options['artifact-digest-algo'];
  if (!isDigestAlgorithm(algorithm)) {
    throw new Error(`cannot use --artifact-digest-algo "${algorithm}": expected one of ${digestAlgorithms.join(', ')}`);
  }
  const dir = options['storage-path'];
  if (!(await stat(dir)).isDirectory()) throw new Error(`cannot use --storage-path "${dir}": it is no directory`);
  const listen = parseListenAddress(options['storage-addr']);
  const store = new ArtifactStore({
    dir,
    advertisedAddress: advertisedAddress(
      options['storage-adv-addr'],
      options['storage-addr'],
      env['HOSTNAME'] ?? hostname(),
    ),
    algorithm,
    retention: { ttlMs: options['artifact-retention-ttl'], records: options['artifact-retention-records'] },
  });
  const temporaryDir = await mkdtemp(join(tmpdir(), 'source-controller-'));
  const dispatcher = new Agent({ connections: connectionsPerServer });
  program.onBoot(() =>
    Promise.resolve({
      [Symbol.asyncDispose]: async () => {
        await dispatcher.destroy();
        await rm(temporaryDir, { recursive: true, force: true });
      },
    }),
  );
  // Only the leader serves: its Service must not send anyone to a replica whose folder is empty.
  program.onStart(() => startFileServer({ dir, ...listen }));
  const helm = {
    indexBytes: options['helm-index-max-size'],
    chartBytes: options['helm-chart-max-size'],
    fileBytes: options['helm-chart-file-max-size'],
  };
  const deps = { store, client: program.client, dispatcher, temporaryDir, helm };
  const charts = program.control<HelmChart>(helmChartController(deps));
  const onChange = (event: CacheEvent<StoringObject>): void => {
    for (const key of chartsToWake(event, charts.cache.list())) charts.enqueue(key);
  };
  program.control<GitRepository>({ ...gitRepositoryController(deps), onChange });
  program.control<OCIRepository>(ociRepositoryController(deps));
  program.control<Bucket>({ ...bucketController(deps), onChange });
  program.control<HelmRepository>({ ...helmRepositoryController(deps), onChange });
}

/**
 * Splits `host:port`; without a host it is all interfaces.
 * @throws Error when there is no port
 */
export function parseListenAddress(address: string): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(address);
  if (parts === null || Number(parts[3]) > 65_535) {
    throw new Error(`cannot use --storage-addr "${address}": expected <host>:<port>`);
  }
  return { host: parts[1] ?? parts[2] ?? '', port: Number(parts[3]) };
}
