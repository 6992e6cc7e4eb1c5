import { type Artifact, formatGoDuration, type Kustomization } from '#crds';
import { ReconcileError } from '#runtime';
import type { Deps } from './deps.ts';
import { retryIntervalMs } from './timing.ts';

/**
 * The artifact of the source that a Kustomization names.
 * @throws ReconcileError while there is no source or no artifact: a change of the source wakes the Kustomization
 */
export async function resolveSource(
  kustomization: Kustomization,
  deps: Pick<Deps, 'findSource' | 'settings'>,
): Promise<Artifact> {
  const { sourceRef } = kustomization.spec;
  const own = kustomization.metadata.namespace ?? '';
  const namespace = sourceRef.namespace ?? own;
  let source: Awaited<ReturnType<Deps['findSource']>>;
  try {
    source = await deps.findSource(sourceRef, namespace);
  } catch (error) {
    const message = `unable to get source '${namespace}/${sourceRef.name}': ${error instanceof Error ? error.message : String(error)}`;
    throw new ReconcileError('ArtifactFailed', message, { when: 'backoff' }, { cause: error, keepsReconciling: false });
  }
  if (source === undefined) {
    const where = namespace === own ? sourceRef.name : `${namespace}/${sourceRef.name}`;
    throw new ReconcileError(
      'ArtifactFailed',
      `${sourceRef.kind}.source.toolkit.fluxcd.io ${JSON.stringify(sourceRef.name)} not found`,
      { when: 'after', ms: retryIntervalMs(kustomization.spec) },
      { event: 'none', eventMessage: `Source '${sourceRef.kind}/${where}' not found`, keepsReconciling: false },
    );
  }
  if (source.artifact === undefined) {
    const ms = deps.settings.requeueDependencyMs;
    const message = `Source artifact not found, retrying in ${formatGoDuration(ms)}`;
    throw new ReconcileError(
      'ArtifactFailed',
      message,
      { when: 'after', ms },
      { event: 'none', keepsReconciling: false },
    );
  }
  return source.artifact;
}
