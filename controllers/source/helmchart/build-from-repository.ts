import { deadline } from '#concurrency';
import { type HelmChart, parseGoDuration } from '#crds';
import { type Chart, HelmError, packChart, readChartArchive, withVersion } from '#helm';
import { ReconcileError } from '#runtime';
import type { SourceAttempt } from '../attempt.ts';
import type { SourceDeps } from '../deps.ts';
import { messageOf } from '../secret.ts';
import { type BuiltChart, type ChartResult, once, withBuildMetadata } from './built-chart.ts';
import { chartFailure } from './chart-failure.ts';
import { type ChartRepository, type FoundChart, openChartRepository } from './chart-repository.ts';
import { mergeChartValues, type MergedValues, wantedValuesFiles } from './chart-values.ts';
import type { ChartSource } from './resolve-source.ts';
import { isStored } from './stored-chart.ts';
import { verifyChart } from './verify-chart.ts';

const defaultTimeout = '60s';
/** Parts of lower-case letters, digits and dashes between slashes and dots. */
const chartName = /^[-a-z0-9]+(?:(?:\/\.?|\.)[-a-z0-9]+)*(?:\/\.?|\.)?$/;

/**
 * The chart of a HelmRepository, with its values files merged.
 * @throws ReconcileError
 */
export async function buildFromRepository(
  attempt: SourceAttempt<HelmChart>,
  source: Extract<ChartSource, { kind: 'repository' }>,
  deps: SourceDeps,
): Promise<ChartResult> {
  const { spec, metadata } = attempt.object;
  const indexFile = source.artifact === undefined ? undefined : deps.store.filePath(source.artifact.path);
  await using repository = await openRepository(attempt, source, indexFile, deps);
  using timer = deadline(parseGoDuration(source.object.spec.timeout ?? defaultTimeout), attempt.run.signal);
  const found = await findChart(attempt, repository, timer.signal);
  const values = wantedValuesFiles(spec);
  const version = withBuildMetadata(found.version, values.length === 0 ? [] : [String(metadata.generation ?? 0)]);
  await verifyChart(attempt, repository, found, version, deps);
  if (isStored(attempt, found.name, version)) return { kind: 'unchanged' };
  attempt.announce('NewChart', `new chart version '${version}'`);
  let archive: Buffer;
  let chart: Chart;
  try {
    archive = await found.fetch(timer.signal);
    chart = await readChartArchive(archive, deps.helm);
  } catch (error) {
    throw chartFailure(attempt, 'ChartPullError', error);
  }
  if (values.length === 0) {
    const plain = { name: chart.metadata.name, version, archive: once(archive), packaged: false, valuesFiles: [] };
    return { kind: 'built', chart: plain };
  }
  return { kind: 'built', chart: await repack(attempt, chart, version, values) };
}

async function openRepository(
  attempt: SourceAttempt<HelmChart>,
  { object }: Extract<ChartSource, { kind: 'repository' }>,
  indexFile: string | undefined,
  deps: SourceDeps,
): Promise<ChartRepository> {
  try {
    return await openChartRepository(object, indexFile, deps, attempt.run.signal);
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    if (error instanceof ReconcileError) throw error;
    throw attempt.failed('FetchFailed', 'AuthenticationFailed', messageOf(error), { cause: error });
  }
}

async function findChart(
  attempt: SourceAttempt<HelmChart>,
  repository: ChartRepository,
  signal: AbortSignal,
): Promise<FoundChart> {
  const { chart, version = '*' } = attempt.object.spec;
  try {
    if (!chartName.test(chart)) {
      throw new HelmError(
        'notFound',
        `invalid chart name '${chart}': a valid name must be lower case letters and numbers and MAY be separated with dashes (-), slashes (/) or periods (.)`,
      );
    }
    return await repository.find(chart, version, signal);
  } catch (error) {
    throw chartFailure(attempt, error instanceof HelmError ? 'InvalidChartReference' : 'ChartPullError', error);
  }
}

async function repack(
  attempt: SourceAttempt<HelmChart>,
  chart: Chart,
  version: string,
  values: readonly string[],
): Promise<BuiltChart> {
  const ignoreMissing = attempt.object.spec.ignoreMissingValuesFiles === true;
  let merged: MergedValues;
  try {
    merged = await mergeChartValues(chart, values, ignoreMissing, (name) => chart.files.get(name.replace(/^\.\//, '')));
  } catch (error) {
    throw chartFailure(attempt, 'ValuesFilesError', error);
  }
  const archive = packChart(withVersion(merged.chart, version));
  return { name: chart.metadata.name, version, archive, packaged: true, valuesFiles: merged.names };
}
