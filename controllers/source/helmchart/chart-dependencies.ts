import { lstat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { deadline } from '#concurrency';
import { asHelmRepository, type HelmRepository, kinds } from '#crds';
import {
  bundledCharts,
  type Chart,
  type ChartDependency,
  HelmError,
  pickVersion,
  readChartArchive,
  readChartFolder,
  withFiles,
} from '#helm';
import type { SourceDeps } from '../deps.ts';
import { normalRepositoryUrl } from '../helm-access.ts';
import { openChartRepository } from './chart-repository.ts';

/** Where a chart lies in its source. */
export interface Place {
  /** The unpacked source. */
  readonly root: string;
  /** Path of the chart in it. */
  readonly path: string;
}

const mostDepth = 16;
const timeoutMs = 60_000;

/**
 * Puts the dependencies that are not in `charts/` yet there: folders of the same source, or charts of a repository. A repository
 * is reached as the HelmRepository of the same address in the namespace says, else anonymously.
 * @throws HelmError; what reaching a repository throws
 */
export async function addDependencies(
  chart: Chart,
  place: Place,
  namespace: string,
  deps: SourceDeps,
  signal: AbortSignal,
  depth: number = 0,
): Promise<Chart> {
  if (depth > mostDepth) throw new HelmError('badChart', `dependencies are nested deeper than ${mostDepth}`);
  const bundled = bundledCharts(chart);
  let complete = chart;
  for (const dependency of chart.metadata.dependencies) {
    if (bundled.has(dependency.name)) continue;
    const files = isLocal(dependency)
      ? await localFiles(dependency, place, namespace, deps, signal, depth)
      : await remoteFiles(dependency, namespace, deps, signal);
    complete = withFiles(complete, files);
  }
  return complete;
}

function isLocal({ repository }: ChartDependency): boolean {
  return repository === '' || repository.startsWith('file://');
}

async function localFiles(
  dependency: ChartDependency,
  { root, path }: Place,
  namespace: string,
  deps: SourceDeps,
  signal: AbortSignal,
  depth: number,
): Promise<readonly (readonly [string, Buffer])[]> {
  const { name, version, repository } = dependency;
  const relative = repository === '' ? `charts/${name}` : repository.slice('file://'.length);
  // However many `..` there are, the path stays in the source.
  const target = posix.normalize(posix.isAbsolute(relative) ? relative : `/${path}/${relative}`).slice(1);
  const stats = await lstat(join(root, target)).catch(() => undefined);
  if (stats?.isDirectory() !== true) {
    throw new HelmError('notFound', `can't find local chart '${target}' of dependency '${name}'`);
  }
  const own = await readChartFolder(join(root, target), deps.helm);
  if (pickVersion([own.metadata.version], version) === undefined) {
    throw new HelmError(
      'notFound',
      `can't get a valid version for dependency '${name}': '${own.metadata.version}' is not in '${version}'`,
    );
  }
  const chart = await addDependencies(own, { root, path: target }, namespace, deps, signal, depth + 1);
  return [...chart.files].map(([file, content]) => [`charts/${name}/${file}`, content] as const);
}

async function remoteFiles(
  { name, version, repository }: ChartDependency,
  namespace: string,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<readonly (readonly [string, Buffer])[]> {
  if (/^(?:@|alias:)/.test(repository)) {
    throw new HelmError('badChart', `aliased repository dependency is not supported: '${repository}' of '${name}'`);
  }
  const object = await repositoryFor(repository, name, namespace, deps, signal);
  const artifact = object.spec.type === 'oci' ? undefined : object.status?.artifact;
  const isStored = artifact !== undefined && (await deps.store.check(artifact)) === 'intact';
  await using charts = await openChartRepository(
    object,
    isStored ? deps.store.filePath(artifact.path) : undefined,
    deps,
    signal,
  );
  using timer = deadline(timeoutMs, signal);
  const found = await charts.find(name, version, timer.signal);
  const archive = await found.fetch(timer.signal);
  const { metadata } = await readChartArchive(archive, deps.helm);
  return [[`charts/${metadata.name}-${metadata.version}.tgz`, archive]];
}

async function repositoryFor(
  address: string,
  name: string,
  namespace: string,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<HelmRepository> {
  const wanted = comparable(address);
  if (wanted === undefined)
    throw new HelmError('badChart', `repository '${address}' of dependency '${name}' is no URL`);
  const { items } = await deps.client.list(kinds.HelmRepository, { namespace, signal });
  const known = items.map(asHelmRepository).find(({ spec }) => comparable(spec.url) === wanted);
  if (known !== undefined) return known;
  const type = wanted.startsWith('oci:') ? 'oci' : 'default';
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'HelmRepository',
    metadata: { name: 'anonymous', namespace },
    spec: { url: address, type },
  };
}

function comparable(address: string): string | undefined {
  if (!/^(?:https?|oci):\/\//.test(address) || !URL.canParse(address)) return undefined;
  return normalRepositoryUrl(address).href;
}
