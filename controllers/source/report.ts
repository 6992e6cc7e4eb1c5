import { posix } from 'node:path';
import type { ArtifactStore, Owner, StoredArtifact } from '#artifact';
import { type Artifact, type Condition, eventMetadata } from '#crds';
import type { Outcome } from '#runtime';
import { hadFailed, type SourceAttempt } from './attempt.ts';
import type { StoringObject } from './check-storage.ts';

/** A stored file as status has it. */
export function artifactOf(
  stored: StoredArtifact,
  revision: string,
  metadata?: Readonly<Record<string, string>>,
): Artifact {
  return {
    digest: stored.digest,
    lastUpdateTime: `${stored.updatedAt.toISOString().slice(0, 19)}Z`,
    path: stored.path,
    revision,
    size: stored.sizeBytes,
    url: stored.url,
    ...(metadata !== undefined && Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** Moves the link to the newest file. It is a convenience: where it fails, the artifact is as good without. */
export async function updateLink<T extends StoringObject>(
  attempt: SourceAttempt<T>,
  store: ArtifactStore,
  owner: Owner,
  name: string,
  file: string,
): Promise<string | undefined> {
  try {
    return await store.link(owner, name, file);
  } catch (error) {
    attempt.run.event({
      type: 'Trace',
      reason: 'SymlinkUpdateFailed',
      message: `failed to update status URL symlink: ${error instanceof Error ? error.message : String(error)}`,
    });
    return undefined;
  }
}

export interface StoredReport {
  readonly artifact: Artifact;
  readonly url: string | undefined;
  /** Reason and message of ArtifactInStorage, which Ready copies. */
  readonly reason: string;
  readonly message: string;
  /** Text of the event about the artifact. */
  readonly eventMessage: string;
  /** Reason of that event when the artifact is new, `NewArtifact` unless given; on recovery it is `Succeeded`. */
  readonly eventReasons?: { readonly stored: string; readonly recovered: string };
  readonly status?: Readonly<Record<string, unknown>>;
  readonly removes?: readonly string[];
}

type Reporting = StoringObject & { readonly status?: { readonly conditions?: readonly Condition[] } };

/** The run stored something; it is news only when the bytes differ from those before the run, or when the last run had failed. */
export function reportStored<T extends Reporting>(attempt: SourceAttempt<T>, report: StoredReport): Outcome {
  const { artifact, eventReasons = { stored: 'NewArtifact', recovered: 'Succeeded' } } = report;
  const isNew = artifact.digest !== attempt.object.status?.artifact?.digest;
  if (isNew || hadFailed(attempt.object)) {
    attempt.run.event({
      type: 'Normal',
      reason: isNew ? eventReasons.stored : eventReasons.recovered,
      message: report.eventMessage,
      metadata: { [eventMetadata.revision]: artifact.revision, [eventMetadata.digest]: artifact.digest },
    });
  }
  return ready(attempt, report);
}

/** The run found nothing new: the artifact stays as it is, only URLs may follow the address of the store. */
export function reportUnchanged<T extends Reporting>(
  attempt: SourceAttempt<T>,
  store: ArtifactStore,
  report: Omit<StoredReport, 'url'>,
): Outcome {
  const { artifact } = report;
  const before = attempt.object.status?.url;
  attempt.run.event({
    type: 'Trace',
    reason: 'ArtifactUpToDate',
    message: `artifact up-to-date with remote revision: '${artifact.revision}'`,
  });
  const url =
    before === undefined ? undefined : store.url(posix.join(posix.dirname(artifact.path), posix.basename(before)));
  return reportStored(attempt, { ...report, url });
}

function ready<T extends Reporting>(attempt: SourceAttempt<T>, report: StoredReport): Outcome {
  const { artifact, url, reason, message, status = {}, removes = [] } = report;
  const stands = attempt.known.filter(({ type }) => type !== 'ArtifactOutdated');
  return {
    kind: 'ready',
    reason,
    message,
    conditions: [{ type: 'ArtifactInStorage', status: 'True', reason, message }, ...stands],
    removes,
    status: { artifact, url: url ?? null, ...status },
  };
}
