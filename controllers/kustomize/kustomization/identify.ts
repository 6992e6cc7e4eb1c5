import type { ObjectId } from '#apply';
import type { Attempt } from './attempt.ts';

/**
 * The ids as the API server has them, for comparing inventories.
 * @throws ReconcileError with this reason when their kinds cannot be looked up now
 */
export async function identify(
  attempt: Attempt,
  ids: readonly ObjectId[],
  reason: 'ReconciliationFailed' | 'PruneFailed',
): Promise<readonly ObjectId[]> {
  try {
    return await attempt.access.engine.identify(ids, attempt.run.signal);
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    throw attempt.failed(reason, error);
  }
}
