import { type CommonStatus, type KubeObject, unsupportedFields } from '#crds';
import { ReconcileError, type Run } from '#runtime';

/**
 * Refuses what this version would have to ignore: an unverified or partial archive is worse than none.
 * @throws ReconcileError that waits for another spec
 */
export function refuseUnsupported(object: KubeObject): void {
  const fields = unsupportedFields(object);
  if (fields.length === 0) return;
  const message = `cannot reconcile: ${fields.join(', ')} not supported by this version yet`;
  throw new ReconcileError('UnsupportedField', message, { when: 'specChanges' });
}

/** What a watcher sees first (source spec 2.2 steps 5 and 6). */
export function announceRun(run: Run<KubeObject & { readonly status?: CommonStatus }>): void {
  const { metadata, status } = run.object;
  const observed = status?.observedGeneration ?? -1;
  run.progress(
    observed === metadata.generation
      ? 'reconciliation in progress'
      : `processing object: new generation ${observed} -> ${metadata.generation ?? 0}`,
  );
}
