import { type Change, diffInventory, formatObject, objectId } from '#apply';
import { type Kustomization, modeAnnotation } from '#crds';
import type { Outcome } from '#runtime';
import { ignoredBy } from './apply-manifests.ts';
import type { Attempt } from './attempt.ts';
import { identify } from './identify.ts';
import { inventoryIds } from './inventory.ts';
import type { Manifests } from './read-objects.ts';

/** Whether a Kustomization only looks (annotation `sluice.dev/mode: observe`). */
export function isObserver({ metadata }: Pick<Kustomization, 'metadata'>): boolean {
  return metadata.annotations?.[modeAnnotation] === 'observe';
}

/**
 * Compares the manifests with the cluster and writes nothing to it.
 * @throws ReconcileError 'DriftDetected' that lists what differs
 */
export async function observe(attempt: Attempt, manifests: Manifests): Promise<Outcome> {
  const { spec, metadata, status } = attempt.kustomization;
  const { engine } = attempt.access;
  const { changes, failures } = await engine.compare(manifests.objects, {
    owner: { name: metadata.name, namespace: metadata.namespace ?? '' },
    commonMetadata: spec.commonMetadata,
    ignoredPaths: ignoredBy(attempt),
    signal: attempt.run.signal,
  });
  const wanted = await identify(attempt, manifests.objects.map(objectId), 'ReconciliationFailed');
  const owned = await identify(attempt, inventoryIds(status?.inventory), 'ReconciliationFailed');
  const lines = [
    ...failures.map(({ message }) => message),
    ...changes.flatMap(difference),
    ...(spec.prune ? diffInventory(owned, wanted).map((id) => `${formatObject(id)} is no longer in the source`) : []),
  ];
  if (lines.length > 0) throw attempt.failed('DriftDetected', new Error(lines.join('\n')));
  return {
    kind: 'ready',
    reason: 'ReconciliationSucceeded',
    message: `Observed revision: ${attempt.revision}`,
    removes: ['Healthy'],
    status: attempt.established,
  };
}

function difference({ id, action, drift }: Change): readonly string[] {
  const subject = formatObject(id);
  if (action === 'created') return [`${subject} is missing`];
  if (action !== 'configured') return [];
  const fields = (drift?.fields ?? []).map(({ path, manager }) =>
    manager === undefined ? path : `${path} by "${manager}"`,
  );
  return [fields.length === 0 ? `${subject} differs` : `${subject} differs: ${fields.join(', ')}`];
}
