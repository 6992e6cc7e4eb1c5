import { join } from 'node:path';
import { readDigest, tarBytes } from '#artifact';
import type { Artifact, Bucket } from '#crds';
import type { Outcome, Run } from '#runtime';
import { SourceAttempt } from '../attempt.ts';
import { checkStorage, ownerOf } from '../check-storage.ts';
import type { SourceDeps } from '../deps.ts';
import { folderEntries } from '../folder-entries.ts';
import { announceRun, refuseUnsupported } from '../refuse-unsupported.ts';
import { artifactOf, reportStored, reportUnchanged, type StoredReport, updateLink } from '../report.ts';
import { openScratchFolder } from '../scratch-folder.ts';
import { messageOf } from '../secret.ts';
import { fetchObjects } from './fetch-objects.ts';
import { listBucket } from './list-bucket.ts';
import { indexRevision, type ObjectIndex } from './object-index.ts';
import { openBucket } from './open-bucket.ts';

/** One look at one Bucket, in the order of source spec 2.2 and 3.3. */
export async function reconcileBucket(object: Bucket, run: Run<Bucket>, deps: SourceDeps): Promise<Outcome> {
  refuseUnsupported(object);
  announceRun(run);
  const artifact = await run.step('CheckStorage', () => checkStorage(run, deps));
  const attempt = new SourceAttempt(run, artifact);
  await using bucket = await run.step('OpenBucket', () => openBucket(attempt, deps));
  const listing = await run.step('List', () => listBucket(attempt, bucket.client));
  const unchanged = (index: ObjectIndex): boolean => artifact !== undefined && isMadeOf(artifact, index);
  if (artifact !== undefined && unchanged(listing.index)) return reportOld(attempt, artifact, listing.index, deps);
  const revision = indexRevision(listing.index, deps.store.algorithm);
  attempt.announce('NewRevision', `new upstream revision '${revision}'`);
  await using scratch = await openScratchFolder(attempt, deps.temporaryDir);
  const dir = join(scratch.path, 'content');
  const fetched = await run.step('Fetch', () => fetchObjects(attempt, bucket.client, listing, dir));
  // What was deleted and put back while it was read is no news.
  if (artifact !== undefined && unchanged(fetched)) return reportOld(attempt, artifact, fetched, deps);
  return await run.step('StoreArtifact', () => storeObjects(attempt, fetched, dir, deps));
}

function isMadeOf(artifact: Artifact, index: ObjectIndex): boolean {
  try {
    return indexRevision(index, readDigest(artifact.revision).algorithm) === artifact.revision;
  } catch {
    return false; // a revision that was not written by us
  }
}

async function storeObjects(
  attempt: SourceAttempt<Bucket>,
  index: ObjectIndex,
  dir: string,
  deps: SourceDeps,
): Promise<Outcome> {
  const owner = ownerOf(attempt.object);
  const revision = indexRevision(index, deps.store.algorithm);
  const file = `${readDigest(revision).hex}.tar.gz`;
  try {
    const entries = folderEntries(dir, () => false, attempt.run.signal);
    const stored = await deps.store.write(owner, file, tarBytes(entries));
    const url = await updateLink(attempt, deps.store, owner, 'latest.tar.gz', file);
    return reportStored(attempt, { ...reportOf(attempt, artifactOf(stored, revision), index), url });
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    const message = `unable to archive artifact to storage: ${messageOf(error)}`;
    throw attempt.failed('StorageOperationFailed', 'ArchiveOperationFailed', message, { cause: error });
  }
}

function reportOld(
  attempt: SourceAttempt<Bucket>,
  artifact: Artifact,
  index: ObjectIndex,
  deps: Pick<SourceDeps, 'store'>,
): Outcome {
  return reportUnchanged(attempt, deps.store, reportOf(attempt, artifact, index));
}

function reportOf(
  { object }: SourceAttempt<Bucket>,
  artifact: Artifact,
  index: ObjectIndex,
): Omit<StoredReport, 'url'> {
  const { bucketName, ignore } = object.spec;
  return {
    artifact,
    reason: 'Succeeded',
    message: `stored artifact: revision '${artifact.revision}'`,
    eventMessage: `stored artifact with ${index.size} fetched files from '${bucketName}' bucket`,
    status: { observedIgnore: ignore ?? null },
  };
}
