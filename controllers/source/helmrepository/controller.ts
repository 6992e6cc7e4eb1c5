import { asHelmRepository, type HelmRepository, kinds, parseGoDuration } from '#crds';
import type { KindController } from '#runtime';
import type { SourceDeps } from '../deps.ts';
import { removeArtifacts } from '../finalize.ts';
import { conditionTypes } from './conditions.ts';
import { reconcileHelmRepository } from './reconcile.ts';

const defaultInterval = '1m';

/** What the runtime has to know of HelmRepositories. */
export function helmRepositoryController(deps: SourceDeps): KindController<HelmRepository> {
  return {
    kind: kinds.HelmRepository,
    fieldManager: 'source-controller',
    conditionTypes,
    parse: asHelmRepository,
    isSuspended: ({ spec }) => spec.suspend === true,
    // A registry has no index to look at: such an object only says where it is (source spec 3.4).
    isStatic: ({ spec }) => spec.type === 'oci',
    observesSuspended: 'withConditions',
    intervalMs: ({ spec }) => parseGoDuration(spec.interval ?? defaultInterval),
    reconcile: (repository, run) => reconcileHelmRepository(repository, run, deps),
    finalize: (repository, run) => removeArtifacts(repository, run, deps),
  };
}
