import { type GitRemote, resolveReference, type Target } from '#git';
import type { Attempt } from './attempt.ts';
import { gitFailure, operationDeadline } from './git-failure.ts';
import { canCompareHeads } from './up-to-date.ts';

/**
 * Which commit the spec means right now. This asks the remote for names only, so it costs little when nothing is new.
 * @throws ReconcileError 'GitOperationFailed' | 'EmptyGitRepository'
 */
export async function resolveTarget(attempt: Attempt, remote: GitRemote): Promise<Target> {
  const { spec } = attempt.repository;
  const purpose = attempt.artifact !== undefined && canCompareHeads(spec) ? 'list remote for' : 'clone';
  using timer = operationDeadline(attempt);
  try {
    return await resolveReference(remote, spec.ref ?? {}, timer.signal, purpose);
  } catch (error) {
    throw gitFailure(attempt, error);
  }
}
