import { AccessError } from '../access/access-error.ts';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';

/**
 * Opens the cluster that the spec names, as whom it names.
 * @throws ReconcileError 'ReconciliationFailed'
 */
export async function openCluster(attempt: Attempt, deps: Pick<Deps, 'clusters'>): Promise<void> {
  try {
    attempt.access = await deps.clusters.open(attempt.kustomization, attempt.run.signal);
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    throw attempt.failed('ReconciliationFailed', error, {
      eventMessage: `failed to build kube client: ${error.message}`,
    });
  }
}
