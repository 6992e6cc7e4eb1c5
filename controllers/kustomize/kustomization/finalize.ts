import { diffInventory, formatChanges, formatObject, type ObjectId, pruneMessage } from '#apply';
import { eventMetadata, formatGoDuration, type Kustomization } from '#crds';
import { findCondition, ReconcileError, type Run } from '#runtime';
import { keyOf } from './dependency-order.ts';
import type { Deps } from './deps.ts';
import { inventoryIds } from './inventory.ts';
import { intervalMs, timeoutMs } from './timing.ts';

/** Deletions whose objects are waited for: what was deleted, so that a later look does not delete anew. */
export type Terminations = Map<string, readonly ObjectId[]>;

/**
 * Removes what a deleted Kustomization owns, as its deletion policy says (spec A12).
 * @throws ReconcileError to be called again: the finalizer stays
 */
export async function finalizeKustomization(
  kustomization: Kustomization,
  run: Run<Kustomization>,
  deps: Pick<Deps, 'engine' | 'live' | 'settings' | 'terminations' | 'wake'>,
): Promise<void> {
  const key = keyOf(kustomization);
  const ids = inventoryIds(kustomization.status?.inventory);
  if (deletesObjects(kustomization) && ids.length > 0) {
    refuseOtherIdentity(kustomization, deps.settings.defaultServiceAccount);
    const deleted = deps.terminations.get(key) ?? (await pruneAll(kustomization, ids, run, deps));
    if (kustomization.spec.deletionPolicy === 'WaitForTermination') {
      deps.terminations.set(key, deleted);
      await waitForTermination(kustomization, deleted, run, deps);
    }
  }
  deps.terminations.delete(key);
  deps.live.forget(ownerOf(kustomization));
  tellFinished(kustomization, run);
}

function deletesObjects({ spec }: Kustomization): boolean {
  if (spec.suspend === true) return false;
  switch (spec.deletionPolicy ?? 'MirrorPrune') {
    case 'Orphan':
      return false;
    case 'Delete':
    case 'WaitForTermination':
      return true;
    case 'MirrorPrune':
      return spec.prune;
  }
}

/** Objects that were applied elsewhere or as someone else must not be deleted here as the controller. */
function refuseOtherIdentity({ spec }: Kustomization, defaultServiceAccount: string): void {
  const field =
    spec.kubeConfig !== undefined
      ? 'spec.kubeConfig'
      : spec.serviceAccountName !== undefined
        ? 'spec.serviceAccountName'
        : defaultServiceAccount !== ''
          ? '--default-service-account'
          : undefined;
  if (field === undefined) return;
  throw new ReconcileError(
    'UnsupportedField',
    `cannot prune objects: ${field} is not supported by this version yet; suspend the object to delete it and keep what it applied`,
    { when: 'backoff' },
  );
}

async function pruneAll(
  kustomization: Kustomization,
  ids: readonly ObjectId[],
  run: Run<Kustomization>,
  deps: Pick<Deps, 'engine'>,
): Promise<readonly ObjectId[]> {
  const owner = ownerOf(kustomization);
  const result = await deps.engine.prune(diffInventory(ids, []), { owner, signal: run.signal });
  if (result.changes.length > 0) {
    run.log.info(`garbage collection for deleted resource completed: ${formatChanges(result.changes)}`);
    run.event({
      type: 'Normal',
      reason: lastReason(kustomization),
      message: formatChanges(result.changes),
      metadata: metadataOf(kustomization),
    });
  }
  if (result.failed.length > 0) {
    const cause = pruneMessage(result.failed);
    throw new ReconcileError(
      lastReason(kustomization),
      cause,
      { when: 'backoff' },
      {
        eventMessage: `pruning for deleted resource failed: ${cause}`,
        eventMetadata: metadataOf(kustomization),
      },
    );
  }
  return result.changes.filter(({ action }) => action === 'deleted').map(({ id }) => id);
}

/** Returns when all are gone, or when they had their time; else ends the run, to be woken. */
async function waitForTermination(
  kustomization: Kustomization,
  ids: readonly ObjectId[],
  run: Run<Kustomization>,
  deps: Pick<Deps, 'live' | 'wake'>,
): Promise<void> {
  const key = keyOf(kustomization);
  if (ids.length === 0) return;
  const state = await deps.live.termination.track(key, ids, {
    key: kustomization.metadata.uid ?? '',
    timeoutMs: timeoutMs(kustomization.spec),
    wake: () => deps.wake(key),
  });
  if (state.state === 'progressing') {
    const names = state.pending.map(({ id }) => formatObject(id)).join(', ');
    const ms = Math.max(0, state.deadline.getTime() - run.now().getTime());
    throw new ReconcileError(
      lastReason(kustomization),
      `waiting for termination of ${names}`,
      { when: 'after', ms },
      {
        event: 'none',
      },
    );
  }
  deps.live.termination.stop(key);
  if (state.state === 'current') return;
  run.event({
    type: 'Warning',
    reason: lastReason(kustomization),
    message: `failed to wait for resources termination: ${state.message}`,
    metadata: metadataOf(kustomization),
  });
}

/** Flux says so even of a Kustomization that is gone afterwards, and commit statuses are made of it (trap 51). */
function tellFinished(kustomization: Kustomization, run: Run<Kustomization>): void {
  const ready = findCondition(kustomization.status?.conditions, 'Ready');
  if (ready?.status !== 'True' || kustomization.spec.suspend === true) return;
  const took = formatGoDuration(Math.round(run.elapsedMs() * 1000) / 1000);
  run.event({
    type: 'Normal',
    reason: ready.reason,
    message: `Reconciliation finished in ${took}, next run in ${formatGoDuration(intervalMs(kustomization.spec))}`,
    metadata: { ...metadataOf(kustomization), [eventMetadata.commitStatus]: 'update' },
  });
}

function ownerOf({ metadata }: Kustomization): { readonly name: string; readonly namespace: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? '' };
}

/** Conditions are left alone while an object is deleted: events carry the reason of its last run. */
function lastReason({ status }: Kustomization): string {
  return findCondition(status?.conditions, 'Ready')?.reason ?? 'info';
}

function metadataOf({ status }: Kustomization): Readonly<Record<string, string>> {
  const { lastAppliedRevision, lastAppliedOriginRevision } = status ?? {};
  return {
    ...(lastAppliedRevision === undefined ? {} : { [eventMetadata.revision]: lastAppliedRevision }),
    ...(lastAppliedOriginRevision === undefined ? {} : { [eventMetadata.originRevision]: lastAppliedOriginRevision }),
  };
}
