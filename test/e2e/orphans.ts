import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestCluster, waitFor } from '#test-kit';

const ownerName = 'kustomize.toolkit.fluxcd.io/name';
/** An object with this set to `disabled` outlives its Kustomization. */
const pruneOption = 'kustomize.toolkit.fluxcd.io/prune';
const ownerNamespace = 'kustomize.toolkit.fluxcd.io/namespace';

interface Found {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager?: string }[];
  };
  readonly status?: { readonly inventory?: { readonly entries: readonly { readonly id: string }[] } };
}

/**
 * Asserts that every object that says it belongs to a Kustomization of these namespaces is in the inventory of that
 * Kustomization, and that everything in an inventory exists. Asks for every kind that the API server knows. A run that
 * is under way has its objects in the inventory first, and what was deleted may take its time: hence the patience.
 * @returns how many objects there are
 */
export async function checkOwnership(
  cluster: TestCluster,
  namespaces: readonly string[],
  patienceMs = 5000,
): Promise<number> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const claimed = await claimedObjects(cluster, namespaces);
    const owned = await ownedObjects(cluster, namespaces, claimed);
    if (owned.join() === claimed.join()) return owned.length;
    if (Date.now() > deadline) return fail(owned, claimed);
    await sleep(200);
  }
}

function fail(owned: readonly string[], claimed: readonly string[]): never {
  const orphans = owned.filter((id) => !claimed.includes(id));
  const missing = claimed.filter((id) => !owned.includes(id));
  throw new assert.AssertionError({
    message: `owned, but in no inventory: ${orphans.join(', ')}\nin an inventory, but not there: ${missing.join(', ')}`,
  });
}

/** `<owner> <inventory id>`, sorted. */
async function ownedObjects(
  cluster: TestCluster,
  namespaces: readonly string[],
  claimed: readonly string[],
): Promise<readonly string[]> {
  const kinds = await listableKinds(cluster);
  const lists = await Promise.all(
    kinds.map(({ path }) => list(cluster, `${path}?labelSelector=${encodeURIComponent(ownerName)}`)),
  );
  const owned = kinds.flatMap(({ group, kind }, index) =>
    (lists[index] ?? [])
      .filter(({ metadata }) => namespaces.includes(metadata.labels?.[ownerNamespace] ?? ''))
      // Kubernetes copies the labels of a Service to its Endpoints and EndpointSlices, which are not ours.
      .filter(({ metadata }) => metadata.managedFields?.some(({ manager }) => manager === 'kustomize-controller'))
      .map(({ metadata }) => {
        const owner = `${metadata.labels?.[ownerNamespace]}/${metadata.labels?.[ownerName]}`;
        const id = `${owner} ${metadata.namespace ?? ''}_${metadata.name.replaceAll(':', '__')}_${group}_${kind}`;
        return { id, stays: { ...metadata.labels, ...metadata.annotations }[pruneOption] === 'disabled' };
      }),
  );
  const counted = owned.filter(({ id, stays }) => claimed.includes(id) || !stays).map(({ id }) => id);
  return [...new Set(counted)].toSorted();
}

async function claimedObjects(cluster: TestCluster, namespaces: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    namespaces.map((namespace) =>
      list(cluster, `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations`),
    ),
  );
  return lists
    .flat()
    .flatMap(({ metadata, status }) =>
      (status?.inventory?.entries ?? []).map(({ id }) => `${metadata.namespace}/${metadata.name} ${id}`),
    )
    .toSorted();
}

async function listableKinds(
  cluster: TestCluster,
): Promise<readonly { readonly path: string; readonly group: string; readonly kind: string }[]> {
  const groups = (await cluster.get('/apis')) as {
    groups: { name: string; versions: { groupVersion: string }[] }[];
  };
  const served = [
    { group: '', path: '/api/v1' },
    // Every version: one that is not preferred may serve kinds of its own.
    ...groups.groups.flatMap(({ name, versions }) =>
      versions.map(({ groupVersion }) => ({ group: name, path: `/apis/${groupVersion}` })),
    ),
  ];
  const kinds = await Promise.all(
    served.map(async ({ group, path }) => {
      // A group whose last definition is being deleted is listed a moment longer than it is served.
      const known = (await cluster.get(path)) as
        | { resources: { name: string; kind: string; verbs: readonly string[] }[] }
        | undefined;
      return (known?.resources ?? [])
        .filter(({ name, verbs }) => verbs.includes('list') && verbs.includes('delete') && !name.includes('/'))
        .map(({ name, kind }) => ({ path: `${path}/${name}`, group, kind }));
    }),
  );
  // Events are served by two groups and are never applied.
  return kinds.flat().filter(({ kind }) => kind !== 'Event');
}

/** A kind that has just been defined answers 429 until its storage is there. */
async function list(cluster: TestCluster, path: string): Promise<readonly Found[]> {
  // A List of the API server always has items with metadata; a kind that has just gone has no list.
  const read = async (): Promise<{ readonly items: readonly Found[] }> =>
    ((await cluster.get(path)) as { items: readonly Found[] } | undefined) ?? { items: [] };
  return (await waitFor(read, { what: path })).items;
}
