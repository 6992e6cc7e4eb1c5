import type { ArtifactStore } from '#artifact';
import type { KubeObject } from '#crds';
import type { Run } from '#runtime';
import { ownerOf } from './check-storage.ts';

/** Deletes everything that the store holds of an object that goes. */
export async function removeArtifacts(
  object: KubeObject,
  run: Pick<Run<KubeObject>, 'event'>,
  deps: { readonly store: ArtifactStore },
): Promise<void> {
  if (!(await deps.store.removeAll(ownerOf(object)))) return;
  run.event({
    type: 'Trace',
    reason: 'GarbageCollectionSucceeded',
    message: 'garbage collected artifacts for deleted resource',
  });
}
