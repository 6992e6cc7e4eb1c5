import { type Change, inventoryEntry, type ObjectId, type WaitState } from '#apply';
import { formatGoDuration, type Kustomization, kinds } from '#crds';
import { parseApiVersion } from '#kube';
import { type ConditionChange, findCondition, type Outcome } from '#runtime';
import { isChanged } from './apply-manifests.ts';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';
import { healthExpressions } from './expressions.ts';

/** What the health of the objects makes of a run that applied everything. */
export type HealthVerdict =
  /** Nothing to look at, or all is well. */
  | { readonly kind: 'passed'; readonly conditions: readonly ConditionChange[]; readonly removes: readonly string[] }
  | Extract<Outcome, { kind: 'waiting' }>;

/** Objects that must be healthy: all that were applied, or those that the spec names; never the Kustomization itself. */
export function healthSet(kustomization: Kustomization, changes: readonly Change[]): readonly ObjectId[] {
  const { spec, metadata } = kustomization;
  const ids =
    spec.wait === true
      ? changes.filter(({ action }) => action !== 'skipped').map(({ id }) => id)
      : namedObjects(kustomization);
  const { group, kind } = kinds.Kustomization;
  return ids.filter(
    (id) => id.group !== group || id.kind !== kind || id.name !== metadata.name || id.namespace !== metadata.namespace,
  );
}

function namedObjects({ spec }: Kustomization): readonly ObjectId[] {
  return (spec.healthChecks ?? []).map(({ apiVersion, kind, name, namespace }) => ({
    ...parseApiVersion(apiVersion === undefined || apiVersion === '' ? 'apps/v1' : apiVersion),
    kind,
    name,
    namespace: namespace === '' ? undefined : namespace,
  }));
}

/**
 * Looks once; watches go on looking, and wake the Kustomization when there is something to say.
 * @throws ReconcileError 'HealthCheckFailed'
 */
export async function checkHealth(
  attempt: Attempt,
  changes: readonly Change[],
  deps: Pick<Deps, 'healthWaits' | 'settings' | 'wake'>,
): Promise<HealthVerdict> {
  const { kustomization, key } = attempt;
  const { health } = attempt.access.live;
  const ids = healthSet(kustomization, changes);
  if (ids.length === 0) {
    health.stop(key);
    deps.healthWaits.end(key);
    return { kind: 'passed', conditions: [], removes: ['Healthy'] };
  }
  if (deps.settings.tellsCanceledWaits && deps.healthWaits.isForOther(key, waitKey(attempt))) tellCanceled(attempt);
  const wait = deps.healthWaits.resume(key, waitKey(attempt), {
    startedAt: performance.now() - attempt.run.elapsedMs(),
    wasHealthy: findCondition(kustomization.status?.conditions, 'Healthy')?.status === 'True',
    changed: false,
  });
  wait.changed ||= changes.some(isChanged);
  attempt.wait = wait;
  const state = await health.track(key, ids, {
    key: waitKey(attempt, ids),
    timeoutMs: attempt.timeoutMs,
    failFast: deps.settings.failFast,
    ...healthExpressions(kustomization),
    wake: () => deps.wake(key),
  });
  if (state.state === 'progressing') return waiting(attempt, state);
  health.stop(key);
  deps.healthWaits.end(key);
  if (state.state !== 'current') throw unhealthy(attempt, state);
  return healthy(attempt, state.elapsedMs, wait);
}

/** The wait for an older state is over without an end of its own (gate CancelHealthCheckOnNewRevision). */
function tellCanceled({
  kustomization: { spec, metadata, status },
  run,
  revision,
  metadata: eventMetadata,
}: Attempt): void {
  const { kind, name, namespace = metadata.namespace } = spec.sourceRef;
  const isNew = status?.lastAttemptedRevision !== revision;
  const trigger = isNew ? `${kind}/${namespace}/${name}` : `Kustomization/${metadata.namespace}/${metadata.name}`;
  const message = `Health checks canceled due to new reconciliation triggered by ${trigger}`;
  run.event({ type: 'Normal', reason: 'HealthCheckCanceled', message, metadata: eventMetadata });
}

/** A wait goes on with its deadline as long as it is for the same thing. */
function waitKey({ revision, kustomization, manifests }: Attempt, ids: readonly ObjectId[] = []): string {
  const objects = ids.map((id) => inventoryEntry(id).id).join(' ');
  return `${revision} ${kustomization.metadata.generation ?? 0} ${manifests?.digest ?? ''} ${objects}`;
}

function waiting(attempt: Attempt, state: Extract<WaitState, { state: 'progressing' }>): HealthVerdict {
  const message = attempt.phase('Running health checks for');
  return {
    kind: 'waiting',
    message,
    until: state.deadline,
    conditions: [{ type: 'Healthy', status: 'Unknown', reason: 'Progressing', message }],
    status: attempt.established,
  };
}

function unhealthy(attempt: Attempt, state: Extract<WaitState, { state: 'failed' | 'timeout' }>): unknown {
  // Whole seconds, and the timeout as it was asked for: each retry would be a new text otherwise, and page people again.
  const took = state.state === 'timeout' ? attempt.timeoutMs : Math.ceil(state.elapsedMs / 1000) * 1000;
  const conditions = [
    { type: 'Healthy', status: 'False', reason: 'HealthCheckFailed', message: state.message },
  ] as const;
  const message = `health check failed after ${formatGoDuration(took)}: ${state.message}`;
  return attempt.failed('HealthCheckFailed', new Error(message), { conditions });
}

function healthy(attempt: Attempt, elapsedMs: number, wait: { wasHealthy: boolean; changed: boolean }): HealthVerdict {
  const isNewRevision = attempt.kustomization.status?.lastAppliedRevision !== attempt.revision;
  if (wait.wasHealthy && !wait.changed && !isNewRevision) return { kind: 'passed', conditions: [], removes: [] };
  const message = `Health check passed in ${formatGoDuration(Math.round(elapsedMs * 1000) / 1000)}`;
  if (!wait.wasHealthy || (isNewRevision && wait.changed)) attempt.tell(message);
  return {
    kind: 'passed',
    conditions: [{ type: 'Healthy', status: 'True', reason: 'Succeeded', message }],
    removes: [],
  };
}
