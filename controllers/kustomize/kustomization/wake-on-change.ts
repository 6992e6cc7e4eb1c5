import { type Artifact, type Kustomization, type SubstituteReference } from '#crds';
import type { CacheEvent } from '#kube';
import { findCondition } from '#runtime';
import { isReady } from './check-dependencies.ts';
import { orderByDependencies } from './dependency-order.ts';

/** An object that has (or had) an artifact, in a few words. */
export interface SourceChange {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly before: Artifact | undefined;
  readonly now: Artifact | undefined;
}

/** Whom to wake, roots first, and the cycle among them if there is one. */
export interface WakeUps {
  readonly keys: readonly string[];
  readonly cycle: readonly string[] | undefined;
}

const nobody: WakeUps = { keys: [], cycle: undefined };

/** The Kustomizations that a change of a source concerns (spec A5). */
export function wokenBySource(change: SourceChange, all: readonly Kustomization[]): WakeUps {
  const { before, now } = change;
  if (now === undefined || (before?.revision === now.revision && before.digest === now.digest)) return nobody;
  const concerned = all.filter(({ spec, metadata }) => {
    const { kind, name, namespace = metadata.namespace } = spec.sourceRef;
    return kind === change.kind && name === change.name && namespace === change.namespace;
  });
  // Archives of one revision that differ are rare, but then the revision says nothing.
  const isRepacked = before !== undefined && before.revision === now.revision;
  return orderByDependencies(isRepacked ? concerned : concerned.filter((k) => !hasSeen(k, now.revision)));
}

/** Without this, every source that announces itself again would restart all of its Kustomizations (trap 9). */
function hasSeen({ status }: Kustomization, revision: string): boolean {
  const ready = findCondition(status?.conditions, 'Ready')?.status === 'True';
  const reconciling = findCondition(status?.conditions, 'Reconciling') !== undefined;
  return (ready || reconciling) && status?.lastAttemptedRevision === revision;
}

/** The Kustomizations that use a ConfigMap or Secret. */
export function wokenByConfig(
  kind: SubstituteReference['kind'],
  namespace: string,
  name: string,
  all: readonly Kustomization[],
): WakeUps {
  return orderByDependencies(all.filter((k) => k.metadata.namespace === namespace && uses(k, kind, name)));
}

function uses({ spec }: Kustomization, kind: SubstituteReference['kind'], name: string): boolean {
  const references = spec.postBuild?.substituteFrom ?? [];
  if (references.some((reference) => reference.kind === kind && reference.name === name)) return true;
  if (kind === 'Secret') return spec.decryption?.secretRef?.name === name || spec.kubeConfig?.secretRef?.name === name;
  return spec.kubeConfig?.configMapRef?.name === name;
}

/** Whether those who wait for a Kustomization should look again. */
export function mayUnblockDependents(event: CacheEvent<Kustomization>): boolean {
  if (event.type === 'deleted' || !isReady(event.object)) return false;
  if (event.type === 'added' || !isReady(event.previous)) return true;
  return event.previous.status?.lastAppliedRevision !== event.object.status?.lastAppliedRevision;
}
