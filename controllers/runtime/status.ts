import { type Condition, type KubeObject, requestedAtAnnotation } from '#crds';
import { abnormalTrue, changeConditions, findCondition } from './conditions.ts';
import { type ConditionChange, type Outcome, ReconcileError } from './outcome.ts';

/** The part of a status that every kind has. */
export interface CommonStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly lastHandledReconcileAt?: string;
  readonly [field: string]: unknown;
}

/** What of a kind decides its status. */
export interface StatusRules {
  readonly conditionTypes: readonly string[];
  readonly observesSuspended: 'whenReady' | 'withConditions';
}

/** When the object is to be looked at again. */
export type Requeue =
  | { readonly when: 'interval' }
  | { readonly when: 'backoff' }
  | { readonly when: 'after'; readonly ms: number }
  | { readonly when: 'never' };

export interface StatusAfter {
  readonly status: CommonStatus;
  readonly requeue: Requeue;
}

/** How a run ended: an outcome, a failure with its reason, or anything else thrown, which is a bug or a dead API server. */
export type RunEnd = Outcome | ReconcileError | Error;

interface EndState {
  readonly set: readonly ConditionChange[];
  readonly removes?: readonly string[] | undefined;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  readonly observed: boolean;
  readonly requeue: Requeue;
}

/**
 * The status of an object after a run, for every kind: all conditions, the observed fields, the next look. Pure.
 * @param phase message of the phase that the run had reached, kept by Reconciling when it failed
 */
export function statusAfter(
  object: KubeObject & { readonly status?: CommonStatus },
  rules: StatusRules,
  end: RunEnd,
  phase: string | undefined,
  now: Date,
): StatusAfter {
  const before: CommonStatus = object.status ?? {};
  const conditions = before.conditions ?? [];
  const generation = object.metadata.generation ?? 0;
  const state = endState(end, rules, conditions, phase, now);
  const owned = new Set(['Reconciling', 'Stalled', ...rules.conditionTypes.filter((type) => abnormalTrue.has(type))]);
  const removed = isSuspension(end) ? new Set<string>() : new Set([...owned, ...(state.removes ?? [])]);
  const status: Record<string, unknown> = { ...before };
  for (const [field, value] of Object.entries(state.fields ?? {})) {
    if (value === null || value === undefined) delete status[field];
    else status[field] = value;
  }
  status['conditions'] = changeConditions(conditions, state.set, removed, generation, now);
  if (state.observed) status['observedGeneration'] = generation;
  const requestedAt = object.metadata.annotations?.[requestedAtAnnotation];
  if (requestedAt !== undefined) status['lastHandledReconcileAt'] = requestedAt;
  return { status, requeue: state.requeue };
}

function isSuspension(end: RunEnd): boolean {
  return !(end instanceof Error) && end.kind === 'suspended';
}

function endState(
  end: RunEnd,
  rules: StatusRules,
  conditions: readonly Condition[],
  phase: string | undefined,
  now: Date,
): EndState {
  if (end instanceof Error) return failureState(end, phase);
  switch (end.kind) {
    case 'ready':
      return {
        set: [{ type: 'Ready', status: 'True', reason: end.reason, message: end.message }, ...(end.conditions ?? [])],
        removes: end.removes,
        fields: end.status,
        observed: true,
        requeue: { when: 'interval' },
      };
    case 'waiting':
      return {
        set: [
          { type: 'Reconciling', status: 'True', reason: 'Progressing', message: end.message },
          { type: 'Ready', status: 'Unknown', reason: 'Progressing', message: 'Reconciliation in progress' },
          ...(end.conditions ?? []),
        ],
        removes: end.removes,
        fields: end.status,
        observed: false,
        requeue: { when: 'after', ms: Math.max(0, end.until.getTime() - now.getTime()) },
      };
    case 'suspended': {
      const ready = findCondition(conditions, 'Ready');
      if (rules.observesSuspended === 'whenReady') {
        return { set: [], observed: ready?.status === 'True', requeue: { when: 'never' } };
      }
      // Sources summarise Ready again, which gives it the new generation; the other conditions keep theirs.
      return { set: ready === undefined ? [] : [ready], observed: conditions.length > 0, requeue: { when: 'never' } };
    }
  }
}

function failureState(error: Error, phase: string | undefined): EndState {
  if (!(error instanceof ReconcileError)) {
    return failureState(new ReconcileError('ReconciliationFailed', error.message, { when: 'backoff' }), phase);
  }
  const { reason, message, options } = error;
  const ready: ConditionChange = { type: 'Ready', status: 'False', reason, message };
  const own = options.conditions ?? [];
  if (error.retry.when === 'specChanges') {
    return {
      set: [{ type: 'Stalled', status: 'True', reason, message }, ready, ...own],
      removes: options.removes,
      fields: options.status,
      observed: options.observed ?? true,
      requeue: { when: 'never' },
    };
  }
  const reconciling: ConditionChange = {
    type: 'Reconciling',
    status: 'True',
    reason: 'ProgressingWithRetry',
    message: phase ?? 'Reconciliation in progress',
  };
  return {
    set: options.keepsReconciling === false ? [ready, ...own] : [reconciling, ready, ...own],
    removes: options.removes,
    fields: options.status,
    observed: false,
    requeue: error.retry,
  };
}
