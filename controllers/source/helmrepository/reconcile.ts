import type { Artifact, HelmRepository } from '#crds';
import type { Outcome, Run } from '#runtime';
import { SourceAttempt } from '../attempt.ts';
import { checkStorage, ownerOf } from '../check-storage.ts';
import type { SourceDeps } from '../deps.ts';
import { announceRun, refuseUnsupported } from '../refuse-unsupported.ts';
import { artifactOf, reportStored, reportUnchanged, type StoredReport, updateLink } from '../report.ts';
import { messageOf } from '../secret.ts';
import { downloadIndex } from './download-index.ts';
import { humanSize } from './human-size.ts';
import { readIndex } from './read-index.ts';

/** One look at one HelmRepository, in the order of source spec 2.2 and 3.4. */
export async function reconcileHelmRepository(
  object: HelmRepository,
  run: Run<HelmRepository>,
  deps: SourceDeps,
): Promise<Outcome> {
  refuseUnsupported(object);
  announceRun(run);
  const artifact = await run.step('CheckStorage', () => checkStorage(run, deps));
  const attempt = new SourceAttempt(run, artifact);
  const { bytes, revision } = await run.step('Download', () => downloadIndex(attempt, deps));
  if (artifact?.revision === revision) return reportUnchanged(attempt, deps.store, reportOf(attempt, artifact));
  attempt.announce('NewRevision', `new index revision '${revision}'`);
  const json = await run.step('ReadIndex', () => readIndex(attempt, bytes));
  return run.step('StoreArtifact', () => storeIndex(attempt, revision, json, deps));
}

async function storeIndex(
  attempt: SourceAttempt<HelmRepository>,
  revision: string,
  json: string,
  deps: SourceDeps,
): Promise<Outcome> {
  const owner = ownerOf(attempt.object);
  const file = `index-${revision.slice(revision.indexOf(':') + 1)}.yaml`;
  async function* content(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(json, 'utf8');
  }
  try {
    const stored = await deps.store.writeFile(owner, file, content());
    const url = await updateLink(attempt, deps.store, owner, 'index.yaml', file);
    return reportStored(attempt, { ...reportOf(attempt, artifactOf(stored, revision)), url });
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    const message = `unable to save artifact to storage: ${messageOf(error)}`;
    throw attempt.failed('StorageOperationFailed', 'ArchiveOperationFailed', message, { cause: error });
  }
}

function reportOf({ object }: SourceAttempt<HelmRepository>, artifact: Artifact): Omit<StoredReport, 'url'> {
  return {
    artifact,
    reason: 'Succeeded',
    message: `stored artifact: revision '${artifact.revision}'`,
    eventMessage: `stored fetched index of size ${humanSize(artifact.size ?? 0)} from '${object.spec.url}'`,
  };
}
