import { namespacedKinds } from '../data/kinds.ts';

/** Group, version and kind. As a selector, an empty part matches anything. */
export interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A kind with what the engine derives from it once. */
export interface KnownGvk extends Gvk {
  readonly apiVersion: string;
  /** Kubernetes 1.21 knows the kind and it is not namespaced. Kinds it does not know count as namespaced. */
  readonly clusterScoped: boolean;
  /** Unique among kinds. */
  readonly key: string;
}

const known = new Map<string, KnownGvk>();
/** Kinds come from user files: the cache must not grow with them for ever. */
const MAX_KNOWN = 4096;

export function gvkOf(apiVersion: string, kind: string): KnownGvk {
  const id = `${apiVersion}|${kind}`;
  const hit = known.get(id);
  if (hit !== undefined) return hit;
  const { group, version } = parseApiVersion(apiVersion);
  const gvk = {
    group,
    version,
    kind,
    apiVersion,
    clusterScoped: namespacedKinds[id] === false,
    key: `${group}|${version}|${kind}`,
  };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(id, gvk);
  return gvk;
}

export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export interface GvkSelector {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
}

export function isSelected(gvk: Gvk, selector: GvkSelector): boolean {
  return (
    (!selector.group || selector.group === gvk.group) &&
    (!selector.version || selector.version === gvk.version) &&
    (!selector.kind || selector.kind === gvk.kind)
  );
}

/** As kustomize writes a kind: `Deployment.v1.apps`, with `[noGrp]` and the like for what is empty. */
export function formatGvk(gvk: GvkSelector): string {
  return `${gvk.kind || '[noKind]'}.${gvk.version || '[noVer]'}.${gvk.group || '[noGrp]'}`;
}
