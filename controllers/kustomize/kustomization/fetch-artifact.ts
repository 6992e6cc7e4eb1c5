import { ArtifactError, type UnpackedArtifact } from '#artifact';
import { formatGoDuration } from '#crds';
import { ReconcileError } from '#runtime';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';

/**
 * The unpacked artifact of the source; it stays until disposed.
 * @throws ReconcileError 'ArtifactFailed'
 */
export async function fetchArtifact(
  attempt: Attempt,
  deps: Pick<Deps, 'artifacts' | 'settings'>,
): Promise<UnpackedArtifact> {
  const { url, digest, revision } = attempt.artifact;
  try {
    return await deps.artifacts.acquire({ url, digest, revision }, { signal: attempt.run.signal });
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    if (error.code === 'gone') {
      // The source has a newer one, and is about to say so.
      const ms = deps.settings.requeueDependencyMs;
      const message = `Source is not ready, artifact not found, retrying in ${formatGoDuration(ms)}`;
      throw new ReconcileError('ArtifactFailed', message, { when: 'after', ms }, { cause: error, event: 'none' });
    }
    if (error.code === 'digestMismatch') {
      const message = `failed to verify archive: computed digest doesn't match provided '${digest}' (check whether file size exceeds max download size)`;
      throw attempt.failed('ArtifactFailed', new Error(message, { cause: error }));
    }
    throw attempt.failed('ArtifactFailed', error);
  }
}
