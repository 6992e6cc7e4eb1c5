import { type Artifact, type DependencyReference, formatGoDuration, type Kustomization } from '#crds';
import { findCondition, ReconcileError } from '#runtime';
import { cycleThrough, dependencyKeys, keyOf } from './dependency-order.ts';
import type { Deps } from './deps.ts';
import { evaluateReadyExpr } from './expressions.ts';
import { revisionMetadata } from './event-metadata.ts';

/**
 * Looks whether all dependencies are ready, up to the first that is not.
 * @throws ReconcileError 'DependencyNotReady'; a change of the dependency wakes the Kustomization
 */
export async function checkDependencies(
  kustomization: Kustomization,
  artifact: Artifact,
  deps: Pick<Deps, 'dependencyWaits' | 'findKustomization' | 'settings'>,
): Promise<void> {
  const key = keyOf(kustomization);
  const needed = dependencyKeys(kustomization);
  deps.dependencyWaits.begin(key, watchedDependencies(kustomization, needed));
  for (const [index, other] of needed.entries()) {
    const reference = kustomization.spec.dependsOn?.[index];
    const dependency = await deps.findKustomization(other);
    const problem = dependencyProblem(kustomization, artifact, other, dependency, {
      reference,
      additive: deps.settings.additiveReadyExpr,
    });
    if (problem === undefined) continue;
    const cycle = await findCycle(key, kustomization, deps);
    throw notReady(cycle === undefined ? problem : `circular dependency detected: ${cycle.join(' -> ')}`, artifact, {
      retryMs: deps.settings.requeueDependencyMs,
      isCycle: cycle !== undefined,
    });
  }
  deps.dependencyWaits.end(key);
}

/** Any field may matter to a `readyExpr`. */
function watchedDependencies({ spec }: Kustomization, keys: readonly string[]): ReadonlyMap<string, boolean> {
  const anyChange = new Map<string, boolean>();
  for (const [index, key] of keys.entries()) {
    const hasExpression = (spec.dependsOn?.[index]?.readyExpr ?? '') !== '';
    anyChange.set(key, hasExpression || anyChange.get(key) === true);
  }
  return anyChange;
}

export interface DependencyRule {
  readonly reference?: DependencyReference | undefined;
  /** The built-in check comes on top of `readyExpr`, which stands in its place otherwise. */
  readonly additive?: boolean;
}

/**
 * Why a dependency is not met, in Flux's words; undefined when it is.
 * @throws ReconcileError 'InvalidCELExpression' for a `readyExpr` that cannot work
 */
export function dependencyProblem(
  dependent: Kustomization,
  artifact: Artifact,
  key: string,
  dependency: Kustomization | undefined,
  { reference, additive = false }: DependencyRule = {},
): string | undefined {
  const name = key.slice(key.indexOf('/') + 1);
  if (dependency === undefined) {
    return `dependency '${key}' not found: kustomizations.kustomize.toolkit.fluxcd.io ${JSON.stringify(name)} not found`;
  }
  if (reference?.readyExpr !== undefined && reference.readyExpr !== '') {
    const readiness = evaluateReadyExpr(reference, dependent, dependency);
    if ('problem' in readiness) return readiness.problem;
    if (!readiness.ready) return `dependency '${key}' is not ready according to readyExpr eval`;
    if (!additive) return undefined;
  }
  if (!isReady(dependency)) return `dependency '${key}' is not ready`;
  if (sameSource(dependent, dependency) && dependency.status?.lastAppliedRevision !== artifact.revision) {
    return `dependency '${key}' revision is not up to date`;
  }
  return undefined;
}

export function isReady({ metadata, status }: Kustomization): boolean {
  return (
    status?.observedGeneration === metadata.generation && findCondition(status?.conditions, 'Ready')?.status === 'True'
  );
}

function sameSource(a: Kustomization, b: Kustomization): boolean {
  const [x, y] = [a.spec.sourceRef, b.spec.sourceRef];
  return (
    x.kind === y.kind &&
    x.name === y.name &&
    (x.namespace ?? a.metadata.namespace) === (y.namespace ?? b.metadata.namespace)
  );
}

/** A cycle never becomes ready: that is worth other words than a dependency that is on its way. */
async function findCycle(
  key: string,
  kustomization: Kustomization,
  deps: Pick<Deps, 'findKustomization'>,
): Promise<readonly string[] | undefined> {
  const edges = new Map([[key, dependencyKeys(kustomization)]]);
  const unseen = [...dependencyKeys(kustomization)];
  for (let other = unseen.pop(); other !== undefined; other = unseen.pop()) {
    if (edges.has(other)) continue;
    const found = await deps.findKustomization(other);
    const needed = found === undefined ? [] : dependencyKeys(found);
    edges.set(other, needed);
    unseen.push(...needed);
  }
  return cycleThrough(key, (other) => edges.get(other) ?? []);
}

function notReady(
  message: string,
  artifact: Artifact,
  { retryMs, isCycle }: { readonly retryMs: number; readonly isCycle: boolean },
): ReconcileError {
  return new ReconcileError(
    'DependencyNotReady',
    message,
    { when: 'after', ms: retryMs },
    {
      keepsReconciling: false,
      event: isCycle ? 'warning' : 'normal',
      eventMessage: isCycle
        ? message
        : `Dependencies do not meet ready condition, retrying in ${formatGoDuration(retryMs)}`,
      eventMetadata: revisionMetadata(artifact),
    },
  );
}
