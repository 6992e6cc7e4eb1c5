import type { OCIRepository } from '#crds';
import { type Descriptor, formatReference, type Manifest, OciError, type Repository } from '#oci';
import type { SourceAttempt } from '../attempt.ts';
import { ociFailure, operationDeadline } from './oci-failure.ts';
import type { Target } from './resolve-target.ts';

/** The layer to store, and what its manifest says. */
export interface Layer {
  readonly target: Target;
  readonly descriptor: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What an artifact for several platforms is read as. */
const platform = 'linux/amd64';

/**
 * Reads the manifest and picks the layer.
 * @throws ReconcileError 'OCIArtifactPullFailed' | 'OCIArtifactLayerOperationFailed'
 */
export async function pullLayer(
  attempt: SourceAttempt<OCIRepository>,
  repository: Repository,
  target: Target,
): Promise<Layer> {
  let manifest: Manifest;
  using timer = operationDeadline(attempt);
  try {
    manifest = await readManifest(repository, target.digest, timer.signal);
  } catch (error) {
    const what = `failed to pull artifact from '${formatReference(repository.name, target.digest)}'`;
    throw ociFailure(attempt, 'OCIArtifactPullFailed', what, error);
  }
  try {
    const descriptor = selectLayer(manifest.layers, attempt.object.spec.layerSelector?.mediaType);
    return { target, descriptor, annotations: manifest.annotations };
  } catch (error) {
    throw ociFailure(attempt, 'OCIArtifactLayerOperationFailed', 'failed to select layer', error);
  }
}

async function readManifest(repository: Repository, digest: string, signal: AbortSignal): Promise<Manifest> {
  const { content } = await repository.manifest(digest, signal);
  if (content.kind === 'manifest') return content;
  const child = content.manifests.find((entry) => entry.platform === platform);
  if (child === undefined) throw new OciError('notFound', `no child with platform ${platform} in index ${digest}`);
  const inner = await repository.manifest(child.digest, signal);
  if (inner.content.kind === 'index') throw new OciError('protocol', `index ${digest} leads to another index`);
  return inner.content;
}

/** @throws OciError 'notFound' */
export function selectLayer(layers: readonly Descriptor[], mediaType: string | undefined): Descriptor {
  const found =
    mediaType === undefined || mediaType === '' ? layers[0] : layers.find((layer) => layer.mediaType === mediaType);
  if (found !== undefined) return found;
  throw new OciError(
    'notFound',
    layers.length === 0
      ? 'no layers found in artifact'
      : `failed to find layer with media type '${mediaType}' in artifact`,
  );
}
