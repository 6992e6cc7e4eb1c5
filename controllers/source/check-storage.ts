import type { ArtifactStore, Owner } from '#artifact';
import { deadline } from '#concurrency';
import type { Artifact, KubeObject } from '#crds';
import type { Run } from '#runtime';

/** A kind whose objects have an artifact in the store. */
export interface StoringObject extends KubeObject {
  readonly status?: { readonly artifact?: Artifact; readonly url?: string };
}

type Storing = { readonly store: ArtifactStore };

/** A collection is housekeeping: it may not hold up a run for longer. */
const collectionMs = 5_000;

/**
 * Deletes what retention does not keep, and looks whether the store holds what status says. What is gone or damaged is forgotten at
 * once, so that nobody downloads it while it is rebuilt (source spec 2.2, reconcileStorage).
 * @returns the artifact with today's URL; undefined when there is none (any more)
 */
export async function checkStorage(run: Run<StoringObject>, deps: Storing): Promise<Artifact | undefined> {
  const artifact = run.object.status?.artifact;
  await collectGarbage(run, artifact, deps);
  if (artifact === undefined) {
    run.progress('building artifact');
    return undefined;
  }
  const state = await checkArtifact(ownerOf(run.object), artifact, deps);
  if (state === 'intact') return { ...artifact, url: deps.store.url(artifact.path) };
  if (state === 'corrupt') {
    run.event({
      type: 'Warning',
      reason: 'ArtifactVerificationFailed',
      message: `failed to verify integrity of artifact: computed digest doesn't match '${artifact.digest}'`,
    });
    await deps.store.remove(artifact.path);
  }
  run.progress('building artifact: disappeared from storage', [
    {
      type: 'Ready',
      status: 'Unknown',
      reason: 'Progressing',
      message: 'building artifact: disappeared from storage',
    },
  ]);
  await run.record({ artifact: undefined, ...(run.object.status?.url !== undefined && { url: undefined }) });
  return undefined;
}

export function ownerOf({ kind, metadata }: KubeObject): Owner {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name };
}

async function collectGarbage(run: Run<StoringObject>, artifact: Artifact | undefined, deps: Storing): Promise<void> {
  using timer = deadline(collectionMs, run.signal);
  try {
    const count = await deps.store.collectGarbage(ownerOf(run.object), artifact?.path, run.now(), timer.signal);
    if (count === 0) return;
    run.event({
      type: 'Trace',
      reason: 'GarbageCollectionSucceeded',
      message: `garbage collected ${count} artifacts`,
    });
  } catch (error) {
    run.log.debug({ error }, 'cannot collect garbage');
  }
}

/** A path outside of the object's own folder was not written by us: there is nothing of ours to find, and nothing to delete. */
async function checkArtifact(
  owner: Owner,
  artifact: Artifact,
  deps: Storing,
): Promise<'intact' | 'missing' | 'corrupt'> {
  return deps.store.owns(owner, artifact.path) ? await deps.store.check(artifact) : 'missing';
}
