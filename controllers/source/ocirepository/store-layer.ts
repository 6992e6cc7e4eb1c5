import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactError, type StoredArtifact, tarBytes, unpackTarGz } from '#artifact';
import type { Artifact, OCIRepository } from '#crds';
import { OciError, type Repository } from '#oci';
import type { SourceAttempt } from '../attempt.ts';
import { ownerOf } from '../check-storage.ts';
import type { SourceDeps } from '../deps.ts';
import { folderEntries, folderIgnoreRules } from '../folder-entries.ts';
import { artifactOf, updateLink } from '../report.ts';
import { openScratchFolder } from '../scratch-folder.ts';
import { messageOf } from '../secret.ts';
import { ociFailure, operationDeadline } from './oci-failure.ts';
import type { Layer } from './pull-layer.ts';

/** The archive in the store, and the URL of the link to it. */
export interface StoredLayer {
  readonly artifact: Artifact;
  readonly url: string | undefined;
}

/**
 * Downloads the layer and stores it: packed anew, or byte by byte where the spec says `copy`.
 * @throws ReconcileError 'OCIArtifactLayerOperationFailed' | 'ArchiveOperationFailed'
 */
export async function storeLayer(
  attempt: SourceAttempt<OCIRepository>,
  repository: Repository,
  layer: Layer,
  deps: SourceDeps,
): Promise<StoredLayer> {
  const owner = ownerOf(attempt.object);
  // The name keeps the colon of the digest, and its ending whatever the layer is (source spec 2.5).
  const file = `${layer.target.digest}.tar.gz`;
  using timer = operationDeadline(attempt);
  const stored =
    attempt.object.spec.layerSelector?.operation === 'copy'
      ? await copyLayer(attempt, repository, layer, file, deps, timer.signal)
      : await extractLayer(attempt, repository, layer, file, deps, timer.signal);
  const url = await updateLink(attempt, deps.store, owner, 'latest.tar.gz', file);
  return { artifact: artifactOf(stored, layer.target.revision, layer.annotations), url };
}

async function copyLayer(
  attempt: SourceAttempt<OCIRepository>,
  repository: Repository,
  { descriptor }: Layer,
  file: string,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<StoredArtifact> {
  try {
    return await deps.store.writeFile(ownerOf(attempt.object), file, repository.blob(descriptor, signal));
  } catch (error) {
    if (error instanceof OciError) throw ociFailure(attempt, layerFailed, 'failed to copy layer from artifact', error);
    throw archiveFailure(attempt, error);
  }
}

const layerFailed = 'OCIArtifactLayerOperationFailed';

async function extractLayer(
  attempt: SourceAttempt<OCIRepository>,
  repository: Repository,
  layer: Layer,
  file: string,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<StoredArtifact> {
  await using scratch = await openScratchFolder(attempt, deps.temporaryDir);
  const dir = join(scratch.path, 'content');
  await unpackLayer(attempt, repository, layer, { download: join(scratch.path, 'layer'), dir }, signal);
  try {
    const excludes = await folderIgnoreRules(dir, attempt.object.spec.ignore);
    const entries = folderEntries(dir, excludes, attempt.run.signal);
    return await deps.store.write(ownerOf(attempt.object), file, tarBytes(entries));
  } catch (error) {
    throw archiveFailure(attempt, error);
  }
}

/** Nothing of a layer is looked at before its digest is known to be right. */
async function unpackLayer(
  attempt: SourceAttempt<OCIRepository>,
  repository: Repository,
  { descriptor }: Layer,
  to: { readonly download: string; readonly dir: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await using handle = await open(to.download, 'wx', 0o600);
    for await (const piece of repository.blob(descriptor, signal)) await handle.writeFile(piece);
  } catch (error) {
    throw ociFailure(attempt, layerFailed, 'failed to download layer from artifact', error);
  }
  try {
    await unpackTarGz(createReadStream(to.download), to.dir);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const message = `failed to extract layer contents from artifact: ${error.message}`;
    throw attempt.failed('FetchFailed', layerFailed, message, { cause: error });
  }
}

function archiveFailure(attempt: SourceAttempt<OCIRepository>, error: unknown): unknown {
  attempt.run.signal.throwIfAborted();
  const message = `unable to archive artifact to storage: ${messageOf(error)}`;
  return attempt.failed('StorageOperationFailed', 'ArchiveOperationFailed', message, { cause: error });
}
