import { type Checkout, checkOut, type GitRemote, type Target } from '#git';
import type { Attempt } from './attempt.ts';
import { gitFailure, operationDeadline } from './git-failure.ts';

/**
 * The commit with everything below it, or on its own.
 * @throws ReconcileError 'GitOperationFailed'
 */
export async function fetchCheckout(
  attempt: Attempt,
  remote: GitRemote,
  target: Target,
  options: { readonly withoutTrees: boolean },
): Promise<Checkout> {
  using timer = operationDeadline(attempt);
  try {
    return await checkOut(remote, attempt.repository.spec.ref ?? {}, target, timer.signal, options);
  } catch (error) {
    throw gitFailure(attempt, error);
  }
}
