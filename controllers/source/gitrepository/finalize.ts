import type { GitRepository } from '#crds';
import type { Run } from '#runtime';
import { ownerOf } from './check-storage.ts';
import type { Deps } from './deps.ts';

/** Deletes everything that the store holds of an object that goes. */
export async function finalizeGitRepository(
  repository: GitRepository,
  run: Run<GitRepository>,
  deps: Pick<Deps, 'store' | 'verified'>,
): Promise<void> {
  deps.verified.forget(repository.metadata.uid ?? '');
  if (!(await deps.store.removeAll(ownerOf(repository)))) return;
  run.event({
    type: 'Trace',
    reason: 'GarbageCollectionSucceeded',
    message: 'garbage collected artifacts for deleted resource',
  });
}
