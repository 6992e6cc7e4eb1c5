import { formatGvk, type KnownGvk } from './gvk.ts';

/** What identifies a resource within a build. */
export interface ResId {
  readonly gvk: KnownGvk;
  readonly name: string;
  /** As written; empty when the resource has none. */
  readonly namespace: string;
}

/** The namespace that cluster-scoped kinds live in as far as identity goes. */
export const NO_NAMESPACE = '_non_namespaceable_';

export function effectiveNamespace(id: ResId): string {
  if (id.gvk.clusterScoped) return NO_NAMESPACE;
  return id.namespace === '' ? 'default' : id.namespace;
}

/** Equal ids have equal keys: an empty namespace equals `default`. */
export function idKey(id: ResId): string {
  return `${id.gvk.key}|${effectiveNamespace(id)}|${id.name}`;
}

/** As kustomize's messages write an id: `Deployment.v1.apps/web.[noNs]`. */
export function formatId(id: ResId): string {
  return `${formatGvk(id.gvk)}/${id.name || '[noName]'}.${id.namespace || '[noNs]'}`;
}
