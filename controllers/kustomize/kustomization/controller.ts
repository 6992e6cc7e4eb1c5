import { asKustomization, eventMetadata, formatGoDuration, type Kustomization, kinds } from '#crds';
import type { CacheEvent } from '#kube';
import type { EventDraft, KindController, Run } from '#runtime';
import { keyOf } from './dependency-order.ts';
import type { Deps } from './deps.ts';
import { finalizeKustomization } from './finalize.ts';
import { reconcileKustomization } from './reconcile.ts';
import { intervalMs } from './timing.ts';
import { mayUnblockDependents } from './wake-on-change.ts';

/** What the runtime has to know of Kustomizations. */
export function kustomizationController(deps: Deps): KindController<Kustomization> {
  return {
    kind: kinds.Kustomization,
    fieldManager: 'gotk-kustomize-controller',
    conditionTypes: ['Healthy'],
    parse: asKustomization,
    isSuspended: ({ spec }) => spec.suspend === true,
    intervalMs: ({ spec }) => intervalMs(spec),
    reconcile: (object, run) => reconcileKustomization(object, run, deps),
    finalize: (object, run) => finalizeKustomization(object, run, deps),
    onChange: (event) => onChange(event, deps),
    readyEvent: (object, _outcome, run, nextRunMs) => finishedEvent(object, run, nextRunMs, deps),
  };
}

function onChange(event: CacheEvent<Kustomization>, deps: Deps): void {
  const key = keyOf(event.object);
  const { spec } = event.object;
  if (event.type === 'deleted') {
    deps.claims.forget(key);
    deps.drifts.forget(key);
    deps.terminations.delete(key);
    deps.clusters.stopWaits(key);
    deps.clusters.release(key);
  } else {
    deps.claims.update(event.object);
  }
  if (event.type === 'deleted' || spec.suspend === true) {
    deps.clusters.stopWaits(key);
    deps.healthWaits.end(key);
    deps.dependencyWaits.end(key);
  }
  for (const dependent of deps.dependencyWaits.dependentsOf(key, mayUnblockDependents(event))) deps.wake(dependent);
}

/** Providers of commit statuses wait for this one, on every successful run (trap 35). */
function finishedEvent({ spec }: Kustomization, run: Run<Kustomization>, nextRunMs: number, deps: Deps): EventDraft {
  const { ms, metadata } = deps.finished.get(run) ?? { ms: run.elapsedMs(), metadata: {} };
  const took = formatGoDuration(Math.round(ms * 1000) / 1000);
  const next = nextRunMs > 0 ? nextRunMs : intervalMs(spec);
  return {
    type: 'Normal',
    reason: 'ReconciliationSucceeded',
    message: `Reconciliation finished in ${took}, next run in ${formatGoDuration(next)}`,
    metadata: { ...metadata, [eventMetadata.commitStatus]: 'update' },
  };
}
