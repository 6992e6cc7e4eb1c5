import assert from 'node:assert/strict';
import type { TestCluster } from '#test-kit';

const ownerName = 'kustomize.toolkit.fluxcd.io/name';
const ownerNamespace = 'kustomize.toolkit.fluxcd.io/namespace';

interface Found {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/**
 * Asserts that every object that says it belongs to a Kustomization of these namespaces is in the inventory of that
 * Kustomization, and that everything in an inventory exists. Asks for every kind that the API server knows.
 * @returns how many objects there are
 */
export async function checkOwnership(cluster: TestCluster, namespaces: readonly string[]): Promise<number> {
  const owned = new Set<string>();
  for (const { path, group, kind } of await listableKinds(cluster)) {
    for (const { metadata } of await list(cluster, `${path}?labelSelector=${encodeURIComponent(ownerName)}`)) {
      const owner = `${metadata.labels?.[ownerNamespace]}/${metadata.labels?.[ownerName]}`;
      if (!namespaces.includes(metadata.labels?.[ownerNamespace] ?? '')) continue;
      owned.add(`${owner} ${metadata.namespace ?? ''}_${metadata.name.replaceAll(':', '__')}_${group}_${kind}`);
    }
  }
  const claimed = new Set<string>();
  for (const namespace of namespaces) {
    const path = `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations`;
    for (const { metadata, ...rest } of await list(cluster, path)) {
      // The CRD says what a status holds.
      const { status } = rest as { status?: { inventory?: { entries: readonly { id: string }[] } } };
      for (const { id } of status?.inventory?.entries ?? []) claimed.add(`${namespace}/${metadata.name} ${id}`);
    }
  }
  assert.deepEqual([...owned].toSorted(), [...claimed].toSorted(), 'objects that are owned, and those in inventories');
  return owned.size;
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
