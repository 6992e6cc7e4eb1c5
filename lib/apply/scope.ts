import { mapLimit } from '#concurrency';
import { NoMatchError, type Resource, type RestMapper } from '#kube';
import type { ObjectId } from './contract.ts';
import { kindName } from './kind-watches.ts';

const kindsAtATime = 4;

/**
 * The ids without a namespace where the kind is cluster-scoped. `targetNamespace` gives one to every kind that kustomize does not
 * know, and the API server drops it: without this one object would have two ids, and pruning the one would delete the other.
 * @param lookUp asked once a kind; undefined when the kind is not served, which leaves its ids as they are
 */
export async function scopedIds(
  ids: readonly ObjectId[],
  lookUp: (id: ObjectId) => Promise<Resource | undefined>,
): Promise<readonly ObjectId[]> {
  const kinds = new Map(
    ids.flatMap((id) => (id.namespace === undefined ? [] : [[`${kindName(id)}/${id.version}`, id] as const])),
  );
  const clusterScoped = new Set<string>();
  await mapLimit([...kinds], kindsAtATime, async ([name, id]) => {
    if ((await lookUp(id))?.namespaced === false) clusterScoped.add(name);
  });
  return ids.map((id) => (clusterScoped.has(`${kindName(id)}/${id.version}`) ? withoutNamespace(id) : id));
}

function withoutNamespace({ namespace: _dropped, ...id }: ObjectId): ObjectId {
  return id;
}

/** @returns undefined when the kind is not served; throws whatever else keeps it from being looked up */
export async function servedResource(
  mapper: RestMapper,
  id: ObjectId,
  signal: AbortSignal | undefined,
): Promise<Resource | undefined> {
  try {
    return await mapper.resourceFor(id, { signal });
  } catch (error) {
    if (error instanceof NoMatchError) return undefined;
    throw error;
  }
}
