import { type TarEntry, tarBytes, tarModes } from '#artifact';
import type { Artifact } from '#crds';
import { type Checkout, GitError, type SourceEntry, treeFiles } from '#git';
import type { Attempt } from './attempt.ts';
import { ownerOf } from '../check-storage.ts';
import type { Deps } from './deps.ts';

/**
 * Writes the archive of a commit into the store. The name is the commit's alone: other ignore rules replace the file.
 * @throws ReconcileError 'ArchiveOperationFailed'
 */
export async function storeArtifact(
  attempt: Attempt,
  checkout: Checkout,
  collected: readonly SourceEntry[],
  deps: Pick<Deps, 'store'>,
): Promise<Artifact> {
  const { repository, run } = attempt;
  const owner = ownerOf(repository);
  try {
    const entries = tarEntries(collected, repository.spec.ignore, run.signal);
    const stored = await deps.store.write(owner, `${checkout.commit.oid}.tar.gz`, tarBytes(entries));
    await deps.store.removeLink(owner, 'latest.tar.gz');
    return {
      digest: stored.digest,
      lastUpdateTime: `${stored.updatedAt.toISOString().slice(0, 19)}Z`,
      path: stored.path,
      revision: checkout.target.revision,
      size: stored.sizeBytes,
      url: stored.url,
    };
  } catch (error) {
    run.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof GitError) {
      const message = `failed to checkout and determine revision: unable to read commit '${checkout.commit.oid}': ${why}`;
      throw attempt.fetchFailed('GitOperationFailed', message, error);
    }
    throw attempt.storageFailed('ArchiveOperationFailed', `unable to archive artifact to storage: ${why}`, error);
  }
}

async function* tarEntries(
  entries: readonly SourceEntry[],
  ignore: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<TarEntry> {
  yield { name: '.', type: 'directory', mode: tarModes.directory, sizeBytes: 0 };
  for await (const file of treeFiles(entries, ignore)) {
    signal.throwIfAborted();
    const name = file.path.join('/');
    if (file.kind === 'folder') yield { name, type: 'directory', mode: tarModes.directory, sizeBytes: 0 };
    else yield { name, type: 'file', mode: tarModes[file.kind], sizeBytes: file.sizeBytes, content: file.content };
  }
}
