import { type Artifact, asGitRepository, type GitRepository, type GitRepositoryInclude, kinds } from '#crds';
import { isNotFound } from '#kube';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';

/** Another repository's content that goes into the archive. */
export interface Included {
  readonly include: GitRepositoryInclude;
  readonly artifact: Artifact;
}

/**
 * The artifacts of the included repositories, in the order of the spec.
 * @throws ReconcileError 'NotFound' | 'NoArtifact', which looks again after a while
 */
export async function resolveIncludes(
  attempt: Attempt,
  deps: Pick<Deps, 'client' | 'requeueDependencyMs'>,
): Promise<readonly Included[]> {
  const { repository, run } = attempt;
  const namespace = repository.metadata.namespace ?? '';
  const included: Included[] = [];
  for (const include of repository.spec.include ?? []) {
    const { name } = include.repository;
    let other: GitRepository;
    try {
      const object = await deps.client.get(kinds.GitRepository, { namespace, name }, { signal: run.signal });
      other = asGitRepository(object);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const message = `could not get resource for include '${name}': GitRepository.source.toolkit.fluxcd.io "${name}" not found`;
      throw attempt.includeUnavailable('NotFound', message, deps.requeueDependencyMs, error);
    }
    const artifact = other.status?.artifact;
    if (artifact === undefined) {
      const message = `no artifact available for include '${name}'`;
      throw attempt.includeUnavailable('NoArtifact', message, deps.requeueDependencyMs);
    }
    included.push({ include, artifact });
  }
  announceChange(attempt, included);
  return included;
}

/** Tells a watcher that others have moved, whatever their order. */
function announceChange({ repository, run }: Attempt, included: readonly Included[]): void {
  const before = repository.status?.includedArtifacts ?? [];
  const revisions = (artifacts: readonly Pick<Artifact, 'revision'>[]): string =>
    JSON.stringify(artifacts.map(({ revision }) => revision).toSorted());
  if (revisions(before) === revisions(included.map(({ artifact }) => artifact))) return;
  const message = 'included artifacts differ from last observed includes';
  run.progress(
    `building artifact: ${message}`,
    before.length === 0 ? [] : [{ type: 'ArtifactOutdated', status: 'True', reason: 'IncludeChange', message }],
  );
}

/** Whether an object waits for, or is made of, another artifact of `changed` than it has now. */
export function isOutdatedBy({ metadata, spec, status }: GitRepository, changed: GitRepository): boolean {
  if (metadata.namespace !== changed.metadata.namespace || changed.status?.artifact === undefined) return false;
  const { digest, revision } = changed.status.artifact;
  return (spec.include ?? []).some(({ repository }, index) => {
    if (repository.name !== changed.metadata.name) return false;
    const used = status?.includedArtifacts?.[index];
    return used?.digest !== digest || used.revision !== revision;
  });
}
