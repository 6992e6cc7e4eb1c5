import type { Artifact, OCILayerSelector, OCIRepository } from '#crds';
import type { Target } from './resolve-target.ts';

/** Whether what is stored was made of this manifest, with the inputs that the spec has now. */
export function isUpToDate(
  { spec, status }: OCIRepository,
  artifact: Artifact,
  target: Pick<Target, 'revision'>,
): boolean {
  return (
    artifact.revision === target.revision &&
    spec.ignore === status?.observedIgnore &&
    equalSelectors(spec.layerSelector, status?.observedLayerSelector)
  );
}

function equalSelectors(a: OCILayerSelector | undefined, b: OCILayerSelector | undefined): boolean {
  return (a?.mediaType ?? '') === (b?.mediaType ?? '') && (a?.operation ?? 'extract') === (b?.operation ?? 'extract');
}
