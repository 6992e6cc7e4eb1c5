import type { Artifact, HelmChart } from '#crds';
import type { SourceAttempt } from '../attempt.ts';
import { ownerOf } from '../check-storage.ts';
import type { SourceDeps } from '../deps.ts';
import { artifactOf, updateLink } from '../report.ts';
import { messageOf } from '../secret.ts';
import type { BuiltChart } from './built-chart.ts';

/** The archive in the store, and the URL of the link to it. */
export interface StoredChart {
  readonly artifact: Artifact;
  readonly url: string | undefined;
}

/** @throws ReconcileError 'ArchiveOperationFailed' */
export async function storeChart(
  attempt: SourceAttempt<HelmChart>,
  chart: BuiltChart,
  deps: Pick<SourceDeps, 'store'>,
): Promise<StoredChart> {
  const owner = ownerOf(attempt.object);
  const file = `${chart.name}-${chart.version}.tgz`;
  try {
    const stored = await deps.store.writeFile(owner, file, chart.archive);
    const url = await updateLink(attempt, deps.store, owner, 'latest.tar.gz', file);
    return { artifact: artifactOf(stored, chart.version), url };
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    const message = `unable to copy Helm chart to storage: ${messageOf(error)}`;
    throw attempt.failed('StorageOperationFailed', 'ArchiveOperationFailed', message, { cause: error });
  }
}
