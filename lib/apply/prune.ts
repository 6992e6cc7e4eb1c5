import { mapLimit } from '#concurrency';
import type { KubeObject } from '#crds';
import { isConflict, isNotFound, type Resource } from '#kube';
import type { Action, Change, ObjectId, PruneFailure, PruneResult } from './contract.ts';
import type { LiveEntry } from './live-entry.ts';
import { formatObject } from './object-id.ts';
import { partsOf, sortForDeletion } from './order.ts';
import { servedResource } from './scope.ts';
import { keyOf, type Session } from './session.ts';
import { ownerKey, ownerOf, switchesOf } from './switches.ts';

/** Deletions of one kind at a time: each is one request, and order inside a kind does not matter. */
const deletesAtATime = 8;

/** Deletes what carries the owner's labels and no switch against it, last applied first. */
export async function pruneObjects(session: Session, ids: readonly ObjectId[]): Promise<PruneResult> {
  const changes: Change[] = [];
  const failed: PruneFailure[] = [];
  for (const part of partsOf(sortForDeletion(ids).map((id) => ({ id })))) {
    const results = await mapLimit(part, deletesAtATime, ({ id }) => pruneOne(session, id));
    for (const result of results) {
      if ('action' in result) changes.push(result);
      else failed.push(result);
    }
  }
  return { changes, failed };
}

async function pruneOne(session: Session, id: ObjectId): Promise<Change | PruneFailure> {
  try {
    session.signal?.throwIfAborted();
    return { id, action: await prune(session, id) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { id, error: `${formatObject(id)} delete failed: ${why}` };
  }
}

async function prune(session: Session, id: ObjectId): Promise<Action> {
  const resource = await servedResource(session.mapper, id, session.signal);
  // A kind that is no longer served has no objects: its CRD went first.
  if (resource === undefined || (resource.namespaced && id.namespace === undefined)) return 'deleted';
  const seen = session.store?.look(id);
  if (seen?.sight === 'clear' && seen.entry !== undefined) {
    const action = await pruneSeen(session, resource, id, seen.entry);
    if (action !== undefined) return action;
  }
  const live = await session.client.find(resource, keyOf(resource, id), { metadataOnly: true, signal: session.signal });
  if (live === undefined) {
    session.store?.drop(id);
    return 'deleted';
  }
  if (!mayDelete(session, ownerOf(live.metadata), switchesOf(live.metadata))) return 'skipped';
  await remove(session, resource, id, { uid: live.metadata.uid });
  return 'deleted';
}

/**
 * One request where the watch shows the object: the API server refuses it when the object is not as the watch shows, and then
 * (undefined) it has to be read.
 */
async function pruneSeen(
  session: Session,
  resource: Resource,
  id: ObjectId,
  entry: LiveEntry,
): Promise<Action | undefined> {
  if (!mayDelete(session, entry.owner, entry.switches)) return undefined;
  const { uid, resourceVersion } = entry.metadata;
  try {
    await remove(session, resource, id, { uid, resourceVersion });
    return 'deleted';
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

function mayDelete(
  session: Session,
  owner: string | undefined,
  switches: { readonly ignored: boolean; readonly neverPruned: boolean },
): boolean {
  return owner === ownerKey(session.owner) && !switches.ignored && !switches.neverPruned;
}

async function remove(
  session: Session,
  resource: Resource,
  id: ObjectId,
  preconditions: { readonly uid: KubeObject['metadata']['uid']; readonly resourceVersion?: string | undefined },
): Promise<void> {
  session.store?.drop(id); // before the watch tells of it: this is no drift
  try {
    await session.client.delete(resource, keyOf(resource, id), {
      propagationPolicy: 'Background',
      preconditions,
      signal: session.signal,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
