import type { KubeObject } from '#crds';
import type { GroupVersionKind, ObjectKey, Resource } from './contract.ts';

/** `apps/v1` is group `apps`, version `v1`; `v1` alone is of the core group, whose name is empty. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  if (slash === -1) return { group: '', version: apiVersion };
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export function formatApiVersion(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

export function gvkOf(object: Pick<KubeObject, 'apiVersion' | 'kind'>): GroupVersionKind {
  return { ...parseApiVersion(object.apiVersion), kind: object.kind };
}

export function objectKey(object: Pick<KubeObject, 'metadata'>): ObjectKey {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === '' ? { name } : { namespace, name };
}

/** `namespace/name`, or the name alone for a cluster-scoped object. */
export function keyString(key: ObjectKey): string {
  return key.namespace === undefined || key.namespace === '' ? key.name : `${key.namespace}/${key.name}`;
}

/** Path of a collection; without a namespace, across all of them. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  if (!resource.namespaced || namespace === undefined || namespace === '') return `${root}/${resource.plural}`;
  return `${root}/namespaces/${pathSegment(namespace)}/${resource.plural}`;
}

/**
 * Path of one object on the API server, escaped.
 * @throws TypeError when the name could mean another path, or a namespaced kind comes without a namespace
 */
export function resourcePath(resource: Resource, key: ObjectKey, subresource?: string): string {
  if (resource.namespaced && (key.namespace === undefined || key.namespace === '')) {
    throw new TypeError(`cannot address ${resource.kind} "${key.name}": it is namespaced, expected a namespace`);
  }
  const path = `${collectionPath(resource, key.namespace)}/${pathSegment(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Names come from users' manifests: `..` or an empty one must not address something else. */
function pathSegment(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw new TypeError(
      `cannot address an object named "${name}": expected a name without "/" other than "." and ".."`,
    );
  }
  return encodeURIComponent(name);
}
