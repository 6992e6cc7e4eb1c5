import { asGitRepository, type GitRepository, kinds, parseGoDuration } from '#crds';
import type { KindController } from '#runtime';
import { removeArtifacts } from '../finalize.ts';
import { conditionTypes } from './conditions.ts';
import type { Deps } from './deps.ts';
import { reconcileGitRepository } from './reconcile.ts';

/** What the runtime has to know of GitRepositories. */
export function gitRepositoryController(deps: Deps): KindController<GitRepository> {
  return {
    kind: kinds.GitRepository,
    fieldManager: 'source-controller',
    conditionTypes,
    parse: asGitRepository,
    isSuspended: ({ spec }) => spec.suspend === true,
    observesSuspended: 'withConditions',
    intervalMs: ({ spec }) => parseGoDuration(spec.interval),
    reconcile: (repository, run) => reconcileGitRepository(repository, run, deps),
    async finalize(repository, run) {
      deps.verified.forget(repository.metadata.uid ?? '');
      await removeArtifacts(repository, run, deps);
    },
  };
}
