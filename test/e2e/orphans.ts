import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster } from '#test-kit';

const ownerName = 'kustomize.toolkit.fluxcd.io/name';
const ownerNamespace = 'kustomize.toolkit.fluxcd.io/namespace';

interface Found {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status?: { readonly inventory?: { readonly entries: readonly { readonly id: string }[] } };
}

/**
 * Asserts that every object that says it belongs to a Kustomization of these namespaces is in the inventory of that
 * Kustomization, and that everything in an inventory exists. Asks for every kind that the API server knows. A run that
 * is under way has its objects in the inventory first: it is given five seconds.
 * @returns how many objects there are
 */
export async function checkOwnership(cluster: TestCluster, namespaces: readonly string[]): Promise<number> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const owned = await ownedObjects(cluster, namespaces);
    const claimed = await claimedObjects(cluster, namespaces);
    if (owned.join() === claimed.join()) return owned.length;
    if (Date.now() > deadline) assert.deepEqual(owned, claimed, 'objects that are owned, and those in inventories');
    await sleep(200);
  }
}

/** `<owner> <inventory id>`, sorted. */
async function ownedObjects(cluster: TestCluster, namespaces: readonly string[]): Promise<readonly string[]> {
  const kinds = await listableKinds(cluster);
  const lists = await Promise.all(
    kinds.map(({ path }) => list(cluster, `${path}?labelSelector=${encodeURIComponent(ownerName)}`)),
  );
  const owned = kinds.flatMap(({ group, kind }, index) =>
    (lists[index] ?? [])
      .filter(({ metadata }) => namespaces.includes(metadata.labels?.[ownerNamespace] ?? ''))
      .map(({ metadata }) => {
        const owner = `${metadata.labels?.[ownerNamespace]}/${metadata.labels?.[ownerName]}`;
        return `${owner} ${metadata.namespace ?? ''}_${metadata.name.replaceAll(':', '__')}_${group}_${kind}`;
      }),
  );
  return [...new Set(owned)].toSorted();
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
    groups: { name: string; preferredVersion: { groupVersion: string } }[];
  };
  const served = [
    { group: '', path: '/api/v1' },
    ...groups.groups.map(({ name, preferredVersion }) => ({
      group: name,
      path: `/apis/${preferredVersion.groupVersion}`,
    })),
  ];
  const kinds = await Promise.all(
    served.map(async ({ group, path }) => {
      const { resources } = (await cluster.get(path)) as {
        resources: { name: string; kind: string; verbs: readonly string[] }[];
      };
      return resources
        .filter(({ name, verbs }) => verbs.includes('list') && verbs.includes('delete') && !name.includes('/'))
        .map(({ name, kind }) => ({ path: `${path}/${name}`, group, kind }));
    }),
  );
  // Events are served by two groups and are never applied.
  return kinds.flat().filter(({ kind }) => kind !== 'Event');
}

async function list(cluster: TestCluster, path: string): Promise<readonly Found[]> {
  // A List of the API server always has items with metadata.
  const answer = (await cluster.get(path)) as { items: readonly Found[] } | undefined;
  return answer?.items ?? [];
}
