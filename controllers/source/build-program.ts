import { mkdtemp, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { advertisedAddress, ArtifactStore, digestAlgorithms, isDigestAlgorithm, startFileServer } from '#artifact';
import type { Bucket, GitRepository, HelmChart, HelmRepository, OCIRepository } from '#crds';
import { hostKeyAlgorithms, kexAlgorithms, supportedAlgorithms } from '#git';
import { type CacheEvent, keyString, objectKey } from '#kube';
import type { Options, Program } from '#runtime';
import { Agent } from 'undici';
import { bucketController } from './bucket/controller.ts';
import type { SourceDeps } from './deps.ts';
import type { sourceFlags } from './flags.ts';
import type { StoringObject } from './check-storage.ts';
import { gitRepositoryController } from './gitrepository/controller.ts';
import type { Deps as GitDeps } from './gitrepository/deps.ts';
import { helmChartController } from './helmchart/controller.ts';
import { chartsToWake } from './helmchart/wake-charts.ts';
import { helmRepositoryController } from './helmrepository/controller.ts';
import { ociRepositoryController } from './ocirepository/controller.ts';
import { GitHubTokens } from './gitrepository/github-app.ts';
import { isOutdatedBy } from './gitrepository/resolve-includes.ts';
import { VerifiedRevisions } from './gitrepository/verified-revisions.ts';

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
  const ssh = {
    kexAlgorithms: supportedAlgorithms(options['ssh-kex-algos'], kexAlgorithms),
    hostKeyAlgorithms: supportedAlgorithms(options['ssh-hostkey-algos'], hostKeyAlgorithms),
  };
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
  controlSources(program, { store, client: program.client, dispatcher, temporaryDir, env, helm }, ssh);
}

/** Puts every kind under control; a new artifact wakes what is made of it. */
function controlSources(program: SourceProgram, deps: SourceDeps, ssh: GitDeps['ssh']): void {
  const { options } = program;
  const charts = program.control<HelmChart>(helmChartController(deps));
  const wakeCharts = (event: CacheEvent<StoringObject>): void => {
    for (const key of chartsToWake(event, charts.cache.list())) charts.enqueue(key);
  };
  const gitDeps = {
    ...deps,
    ssh,
    requeueDependencyMs: options['requeue-dependency'],
    verified: new VerifiedRevisions(),
    githubTokens: new GitHubTokens({
      maxSize: options['token-cache-max-size'],
      maxMs: options['token-cache-max-duration'],
    }),
  };
  const repositories = program.control<GitRepository>({
    ...gitRepositoryController(gitDeps),
    onChange: (event) => {
      for (const other of repositories.cache.list()) {
        if (isOutdatedBy(other, event.object)) repositories.enqueue(keyString(objectKey(other)));
      }
      wakeCharts(event);
    },
  });
  program.control<OCIRepository>(ociRepositoryController(deps));
  program.control<Bucket>({ ...bucketController(deps), onChange: wakeCharts });
  program.control<HelmRepository>({ ...helmRepositoryController(deps), onChange: wakeCharts });
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
