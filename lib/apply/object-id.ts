import type { InventoryEntry, KubeObject } from '#crds';
import { parseApiVersion } from '#kube';
import type { Change, ObjectId } from './contract.ts';

export function objectId(object: KubeObject): ObjectId {
  const { name, namespace } = object.metadata;
  return {
    ...parseApiVersion(object.apiVersion),
    kind: object.kind,
    name,
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
  };
}

/** `Kind/namespace/name`, or `Kind/name` where there is no namespace: how logs, events and errors name an object. */
export function formatObject(id: ObjectId): string {
  return id.namespace === undefined ? `${id.kind}/${id.name}` : `${id.kind}/${id.namespace}/${id.name}`;
}

/** The same for all versions of an object. */
export function identity(id: ObjectId): string {
  return `${id.namespace ?? ''}_${id.name}_${id.group}_${id.kind}`;
}

/** `Kind/namespace/name created`, one a line. */
export function formatChanges(changes: readonly Change[]): string {
  return changes.map(({ id, action }) => `${formatObject(id)} ${action}`).join('\n');
}

/** The only kinds whose names may hold a colon, which the inventory writes as `__`. */
const colonKinds = new Set(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']);

function mayHoldColon(group: string, kind: string): boolean {
  return group === 'rbac.authorization.k8s.io' && colonKinds.has(kind);
}

export function inventoryEntry(id: ObjectId): InventoryEntry {
  const name = mayHoldColon(id.group, id.kind) ? id.name.replaceAll(':', '__') : id.name;
  return { id: `${id.namespace ?? ''}_${name}_${id.group}_${id.kind}`, v: id.version };
}

/**
 * Neither namespaces, names, groups nor kinds can hold `_`, save the `__` of RBAC names: so kind and group are read from the
 * right, the namespace from the left.
 * @throws TypeError when `entry.id` has fewer than four parts
 */
export function parseInventoryEntry(entry: InventoryEntry): ObjectId {
  const parts = entry.id.split('_');
  const kind = parts.at(-1);
  const group = parts.at(-2);
  const namespace = parts[0];
  const middle = parts.slice(1, -2).join('_');
  if (parts.length < 4 || kind === undefined || kind === '' || group === undefined || middle === '') {
    throw new TypeError(`cannot parse inventory id "${entry.id}": expected <namespace>_<name>_<group>_<kind>`);
  }
  return {
    group,
    version: entry.v,
    kind,
    name: mayHoldColon(group, kind) ? middle.replaceAll('__', ':') : middle,
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
  };
}
