import { YamlError } from '#kustomize';
import { DecryptError } from '../decrypt/decrypt-error.ts';
import { loadDecryptionKeys } from '../decrypt/decryption-keys.ts';
import { BuildError } from '../generate/build-folder.ts';
import { SubstituteError } from '../substitute/substitute-resource.ts';
import { loadVariables } from '../substitute/variables.ts';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';
import type { Manifests } from './read-objects.ts';

/**
 * The objects of a folder of the artifact.
 * @throws ReconcileError 'BuildFailed'
 */
export async function buildManifests(
  attempt: Attempt,
  root: string,
  folder: string,
  deps: Pick<Deps, 'manifests' | 'variablesIn' | 'keyStore'>,
): Promise<Manifests> {
  const { spec, metadata } = attempt.kustomization;
  const variables =
    spec.postBuild === undefined
      ? undefined
      : await loadVariables(spec.postBuild, deps.variablesIn(metadata.namespace ?? ''));
  try {
    const keys = await loadDecryptionKeys(attempt.kustomization, deps.keyStore);
    const manifests = await deps.manifests.build({
      root,
      artifactDigest: attempt.artifact.digest,
      folder,
      spec,
      variables,
      keys,
      signal: attempt.run.signal,
      warn: (line) => attempt.run.log.info(line),
    });
    if (manifests.leftOut.length > 0) {
      attempt.run.log.info({ documents: manifests.leftOut }, 'documents that are no Kubernetes objects are left out');
    }
    return manifests;
  } catch (error) {
    const expected = [BuildError, DecryptError, SubstituteError].some((kind) => error instanceof kind);
    if (expected) throw attempt.failed('BuildFailed', error);
    if (error instanceof YamlError) {
      throw attempt.failed('BuildFailed', new Error(`kustomize build failed: ${error.message}`, { cause: error }));
    }
    throw error;
  }
}
