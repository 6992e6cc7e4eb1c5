import { asOCIRepository, kinds, type OCIRepository, parseGoDuration } from '#crds';
import type { KindController } from '#runtime';
import type { SourceDeps } from '../deps.ts';
import { removeArtifacts } from '../finalize.ts';
import { conditionTypes } from './conditions.ts';
import { reconcileOCIRepository } from './reconcile.ts';

/** What the runtime has to know of OCIRepositories. */
export function ociRepositoryController(deps: SourceDeps): KindController<OCIRepository> {
  return {
    kind: kinds.OCIRepository,
    fieldManager: 'source-controller',
    conditionTypes,
    parse: asOCIRepository,
    isSuspended: ({ spec }) => spec.suspend === true,
    observesSuspended: 'withConditions',
    intervalMs: ({ spec }) => parseGoDuration(spec.interval),
    reconcile: (repository, run) => reconcileOCIRepository(repository, run, deps),
    finalize: (repository, run) => removeArtifacts(repository, run, deps),
  };
}
