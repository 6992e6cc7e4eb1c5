import type { Artifact, OCIRepository } from '#crds';
import type { Outcome } from '#runtime';
import type { SourceAttempt } from '../attempt.ts';
import type { SourceDeps } from '../deps.ts';
import { reportStored, reportUnchanged, type StoredReport } from '../report.ts';
import type { StoredLayer } from './store-layer.ts';

const originSource = 'org.opencontainers.image.source';
const originRevision = 'org.opencontainers.image.revision';

export function reportPulled(attempt: SourceAttempt<OCIRepository>, { artifact, url }: StoredLayer): Outcome {
  const { ignore, layerSelector } = attempt.object.spec;
  return reportStored(attempt, {
    ...reportOf(attempt, artifact),
    url,
    status: { observedIgnore: ignore ?? null, observedLayerSelector: layerSelector ?? null },
  });
}

export function reportUpToDate(
  attempt: SourceAttempt<OCIRepository>,
  artifact: Artifact,
  deps: Pick<SourceDeps, 'store'>,
): Outcome {
  return reportUnchanged(attempt, deps.store, reportOf(attempt, artifact));
}

function reportOf({ object }: SourceAttempt<OCIRepository>, artifact: Artifact): Omit<StoredReport, 'url'> {
  return {
    artifact,
    reason: 'Succeeded',
    message: `stored artifact for digest '${artifact.revision}'`,
    eventMessage: `stored artifact with revision '${artifact.revision}' from '${object.spec.url}'${origin(artifact)}`,
    removes: object.spec.verify === undefined ? ['SourceVerified'] : [],
  };
}

/** Where the content was built from, when both facts came with it. */
function origin({ metadata = {} }: Artifact): string {
  const source = metadata[originSource];
  const revision = metadata[originRevision];
  if (source === undefined || revision === undefined) return '';
  return `, origin source '${source}', origin revision '${revision}'`;
}
