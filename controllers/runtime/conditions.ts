import type { Condition } from '#crds';
import type { ConditionChange } from './outcome.ts';

/** Longest message that the API takes; longer ones are cut (spec A4). */
const maxMessageLength = 32_768;

/**
 * Conditions that are there only while they are True; they are removed, never set to False (spec B1).
 * Ready, Healthy, ArtifactInStorage and SourceVerified are the other way round.
 */
export const abnormalTrue: ReadonlySet<string> = new Set([
  'Reconciling',
  'Stalled',
  'FetchFailed',
  'StorageOperationFailed',
  'BuildFailed',
  'IncludeUnavailable',
  'ArtifactOutdated',
]);

/** RFC 3339, UTC, whole seconds. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** The time moves when status, reason or message change, as in Flux (metav1's helpers look at the status alone). */
export function transition(
  previous: Condition | undefined,
  change: ConditionChange,
  generation: number,
  now: Date,
): Condition {
  const message =
    change.message.length > maxMessageLength ? `${change.message.slice(0, maxMessageLength - 3)}...` : change.message;
  const same = previous?.status === change.status && previous.reason === change.reason && previous.message === message;
  return {
    type: change.type,
    status: change.status,
    reason: change.reason,
    message,
    lastTransitionTime: same ? previous.lastTransitionTime : formatTime(now),
    observedGeneration: generation,
  };
}

const first = ['Stalled', 'Reconciling', 'Ready'];

/** Stalled, Reconciling, Ready first; the rest by generation, newest first, then by type (spec B1). */
export function sortConditions(conditions: readonly Condition[]): readonly Condition[] {
  const rank = (condition: Condition): number => {
    const index = first.indexOf(condition.type);
    return index < 0 ? first.length : index;
  };
  return conditions.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (rank(a) < first.length ? 0 : (b.observedGeneration ?? 0) - (a.observedGeneration ?? 0)) ||
      (a.type < b.type ? -1 : Number(a.type > b.type)),
  );
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** The conditions with some set and some removed; `Reconciling` and `Stalled` exclude each other. */
export function changeConditions(
  conditions: readonly Condition[],
  set: readonly ConditionChange[],
  removed: ReadonlySet<string>,
  generation: number,
  now: Date,
): readonly Condition[] {
  const byType = new Map(conditions.filter((condition) => !removed.has(condition.type)).map((c) => [c.type, c]));
  for (const change of set) {
    byType.set(change.type, transition(findCondition(conditions, change.type), change, generation, now));
    if (change.type === 'Stalled') byType.delete('Reconciling');
    if (change.type === 'Reconciling') byType.delete('Stalled');
  }
  return sortConditions([...byType.values()]);
}
