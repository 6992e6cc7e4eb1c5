import { type Change, diffInventory, formatChanges, type ObjectId, pruneMessage } from '#apply';
import type { Attempt } from './attempt.ts';
import { identify } from './identify.ts';
import { inventoryIds, inventoryOf } from './inventory.ts';
import { budgetProblem } from './prune-budget.ts';

/**
 * Deletes what the inventory before the run has and the applied set has not, if the spec says so; else it is forgotten.
 * @throws ReconcileError 'PruneFailed' | 'PruneBudgetExceeded'; what could not be deleted stays in the inventory
 */
export async function pruneStale(attempt: Attempt, changes: readonly Change[]): Promise<void> {
  const { spec, metadata, status } = attempt.kustomization;
  const applied = changes.map(({ id }) => id);
  const before = await identify(attempt, inventoryIds(status?.inventory), 'PruneFailed');
  const stale = diffInventory(before, applied);
  if (!spec.prune || stale.length === 0) return;
  const problem = budgetProblem(attempt.kustomization, stale, before.length);
  if (problem !== undefined) {
    attempt.establish({ inventory: inventoryOf([...applied, ...stale]) });
    throw attempt.failed('PruneBudgetExceeded', new Error(problem));
  }
  const owner = { name: metadata.name, namespace: metadata.namespace ?? '' };
  const result = await attempt.access.engine.prune(stale, { owner, signal: attempt.run.signal });
  reportPruned(attempt, result.changes);
  if (result.failed.length === 0) return;
  const survivors: readonly ObjectId[] = result.failed.map(({ id }) => id);
  attempt.establish({ inventory: inventoryOf([...applied, ...survivors]) });
  throw attempt.failed('PruneFailed', new Error(pruneMessage(result.failed)));
}

function reportPruned(attempt: Attempt, changes: readonly Change[]): void {
  if (changes.length === 0) return;
  const lines = formatChanges(changes);
  attempt.run.log.info({ revision: attempt.revision }, `garbage collection completed: ${lines}`);
  attempt.tell(lines);
}
