import { diffInventory, formatChanges, formatObject, type ObjectId, pruneMessage } from '#apply';
import { eventMetadata, formatGoDuration, type Kustomization } from '#crds';
import { findCondition, ReconcileError, type Run } from '#runtime';
import { AccessError } from '../access/access-error.ts';
import { accountOf } from '../access/account.ts';
import type { Access } from '../access/clusters.ts';
import { keyOf } from './dependency-order.ts';
import type { Deps } from './deps.ts';
import { isObserver } from './observe.ts';
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
  deps: Pick<Deps, 'clusters' | 'hasServiceAccount' | 'settings' | 'terminations' | 'wake'>,
): Promise<void> {
  const key = keyOf(kustomization);
  const ids = inventoryIds(kustomization.status?.inventory);
  if (deletesObjects(kustomization) && ids.length > 0) {
    if (await hasAccount(kustomization, deps)) await deleteObjects(kustomization, ids, run, deps);
    else tellOrphans(kustomization, ids, run);
  }
  deps.terminations.delete(key);
  deps.clusters.forget(ownerOf(kustomization));
  tellFinished(kustomization, run);
}

function deletesObjects(kustomization: Kustomization): boolean {
  const { spec } = kustomization;
  if (spec.suspend === true || isObserver(kustomization)) return false;
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

async function deleteObjects(
  kustomization: Kustomization,
  ids: readonly ObjectId[],
  run: Run<Kustomization>,
  deps: Pick<Deps, 'clusters' | 'terminations' | 'wake'>,
): Promise<void> {
  const key = keyOf(kustomization);
  const access = await openAccess(kustomization, run, deps);
  const deleted = deps.terminations.get(key) ?? (await pruneAll(kustomization, ids, run, access));
  if (kustomization.spec.deletionPolicy !== 'WaitForTermination') return;
  deps.terminations.set(key, deleted);
  await waitForTermination(kustomization, deleted, run, { access, wake: deps.wake });
}

/** An account that is gone can delete nothing, and the controller must not do it in its place. */
async function hasAccount(
  kustomization: Kustomization,
  deps: Pick<Deps, 'hasServiceAccount' | 'settings'>,
): Promise<boolean> {
  const account = accountOf(kustomization, deps.settings.defaultServiceAccount);
  return account === undefined || deps.hasServiceAccount(kustomization.metadata.namespace ?? '', account);
}

function tellOrphans(kustomization: Kustomization, ids: readonly ObjectId[], run: Run<Kustomization>): void {
  run.event({
    type: 'Warning',
    reason: lastReason(kustomization),
    message: `unable to prune objects: \n${diffInventory(ids, []).map(formatObject).join('\n')}`,
    metadata: metadataOf(kustomization),
  });
}

/** A cluster that cannot be reached keeps the finalizer: its objects would be orphans nobody knows of. */
async function openAccess(
  kustomization: Kustomization,
  run: Run<Kustomization>,
  deps: Pick<Deps, 'clusters'>,
): Promise<Access> {
  try {
    return await deps.clusters.open(kustomization, run.signal);
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    throw new ReconcileError(
      lastReason(kustomization),
      error.message,
      { when: 'backoff' },
      {
        cause: error,
        eventMessage: `failed to build kube client: ${error.message}`,
        eventMetadata: metadataOf(kustomization),
      },
    );
  }
}

async function pruneAll(
  kustomization: Kustomization,
  ids: readonly ObjectId[],
  run: Run<Kustomization>,
  access: Access,
): Promise<readonly ObjectId[]> {
  const owner = ownerOf(kustomization);
  const result = await access.engine.prune(diffInventory(ids, []), { owner, signal: run.signal });
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
  { access, wake }: { readonly access: Access; readonly wake: Deps['wake'] },
): Promise<void> {
  const key = keyOf(kustomization);
  const { termination } = access.live;
  if (ids.length === 0) return;
  const state = await termination.track(key, ids, {
    key: kustomization.metadata.uid ?? '',
    timeoutMs: timeoutMs(kustomization.spec),
    wake: () => wake(key),
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
  termination.stop(key);
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
