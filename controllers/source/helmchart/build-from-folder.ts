import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ArtifactError, unpackTarGz } from '#artifact';
import type { Artifact, HelmChart } from '#crds';
import {
  type Chart,
  type ChartLimits,
  HelmError,
  packChart,
  readChartArchive,
  readChartFolder,
  withVersion,
} from '#helm';
import type { SourceAttempt } from '../attempt.ts';
import type { SourceDeps } from '../deps.ts';
import { openScratchFolder } from '../scratch-folder.ts';
import { type ChartResult, once, withBuildMetadata } from './built-chart.ts';
import { addDependencies } from './chart-dependencies.ts';
import { chartFailure } from './chart-failure.ts';
import { mergeChartValues, type MergedValues, wantedValuesFiles } from './chart-values.ts';
import { isStored } from './stored-chart.ts';

/**
 * The chart in a folder (or archive) of a GitRepository or Bucket: dependencies added, values files merged, packed.
 * @throws ReconcileError
 */
export async function buildFromFolder(
  attempt: SourceAttempt<HelmChart>,
  source: Artifact,
  deps: SourceDeps,
): Promise<ChartResult> {
  await using scratch = await openScratchFolder(attempt, deps.temporaryDir);
  const root = join(scratch.path, 'source');
  await unpackSource(attempt, source, root, deps);
  const path = confinedPath(attempt.object.spec.chart);
  const found = await readChart(attempt, root, path, deps.helm);
  const { spec, metadata } = attempt.object;
  const values = wantedValuesFiles(spec);
  const version = withBuildMetadata(found.chart.metadata.version, [
    ...(spec.reconcileStrategy === 'Revision' ? [shortRevision(source.revision)] : []),
    ...(values.length > 0 ? [String(metadata.generation ?? 0)] : []),
  ]);
  const { name } = found.chart.metadata;
  if (isStored(attempt, name, version)) return { kind: 'unchanged' };
  attempt.announce('NewChart', `new chart version '${version}'`);
  if (found.archive !== undefined && version === found.chart.metadata.version) {
    return { kind: 'built', chart: { name, version, archive: once(found.archive), packaged: false, valuesFiles: [] } };
  }
  const merged = await mergeFolderValues(attempt, found.chart, root, values);
  const complete =
    found.archive === undefined ? await withDependencies(attempt, merged.chart, { root, path }, deps) : merged.chart;
  // Read to its end before the folder goes: everything is in memory already.
  const archive = packChart(version === complete.metadata.version ? complete : withVersion(complete, version));
  return { kind: 'built', chart: { name, version, archive, packaged: true, valuesFiles: merged.names } };
}

async function unpackSource(
  attempt: SourceAttempt<HelmChart>,
  source: Artifact,
  root: string,
  deps: SourceDeps,
): Promise<void> {
  try {
    await unpackTarGz(createReadStream(deps.store.filePath(source.path)), root);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const message = `artifact untar error: ${error.message}`;
    throw attempt.failed('FetchFailed', 'ChartPullError', message, { cause: error });
  }
}

async function readChart(
  attempt: SourceAttempt<HelmChart>,
  root: string,
  path: string,
  limits: ChartLimits,
): Promise<{ readonly chart: Chart; readonly archive?: Buffer }> {
  const target = join(root, path);
  try {
    const stats = await lstat(target).catch(() => undefined);
    if (stats === undefined)
      throw new HelmError('notFound', `stat ${path === '' ? '.' : path}: no such file or directory`);
    if (stats.isDirectory()) return { chart: await readChartFolder(target, limits) };
    if (stats.size > limits.chartBytes) {
      throw new HelmError('tooLarge', `chart exceeds the maximum chart size of ${limits.chartBytes} bytes`);
    }
    const archive = await readFile(target);
    return { chart: await readChartArchive(archive, limits), archive };
  } catch (error) {
    throw chartFailure(attempt, 'InvalidChartReference', error);
  }
}

async function mergeFolderValues(
  attempt: SourceAttempt<HelmChart>,
  chart: Chart,
  root: string,
  values: readonly string[],
): Promise<MergedValues> {
  const read = async (name: string): Promise<Buffer | undefined> => {
    const file = join(root, confinedPath(name));
    const stats = await lstat(file).catch(() => undefined);
    return stats?.isFile() === true ? await readFile(file) : undefined;
  };
  try {
    return await mergeChartValues(chart, values, attempt.object.spec.ignoreMissingValuesFiles === true, read);
  } catch (error) {
    throw chartFailure(attempt, 'ValuesFilesError', error);
  }
}

async function withDependencies(
  attempt: SourceAttempt<HelmChart>,
  chart: Chart,
  place: { readonly root: string; readonly path: string },
  deps: SourceDeps,
): Promise<Chart> {
  try {
    return await addDependencies(chart, place, attempt.namespace, deps, attempt.run.signal);
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    throw chartFailure(attempt, 'DependencyBuildError', error);
  }
}

/** A path of the spec as one below the root, whatever it says. There are no symbolic links in an artifact. */
export function confinedPath(path: string): string {
  return posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, '');
}

/** The first 12 digits of what a revision was made of. */
export function shortRevision(revision: string): string {
  return revision.slice(revision.lastIndexOf(':') + 1).slice(0, 12);
}
