import { KustomizeError } from '../error.ts';
import { formatId, type ResId } from '../resource/res-id.ts';
import type { ResMap } from '../resource/res-map.ts';
import { type Resource, stringMap } from '../resource/resource.ts';
import { MapNode, scalar } from '../yaml/index.ts';

/** Adds a generated resource, or lets it merge with or replace the one that has or once had its id. */
export function absorb(map: ResMap, generated: Resource): void {
  const id = generated.currentId();
  const matches = map.withAnyId(id);
  const [old] = matches;
  const { behavior } = generated;
  if (old === undefined) {
    if (behavior === 'merge' || behavior === 'replace') {
      throw new KustomizeError('conflict', `${merging(id)} does not exist; cannot merge or replace`);
    }
    map.append(generated);
    return;
  }
  if (matches.length > 1) {
    throw new KustomizeError(
      'conflict',
      `found multiple objects ${matches.map((m) => formatId(m.currentId())).join(', ')} that could accept merge of ${formatId(id)}`,
    );
  }
  if (behavior !== 'merge' && behavior !== 'replace') {
    throw new KustomizeError(
      'conflict',
      `${merging(id)} exists; can not use behavior: '${behavior}', behavior must be merge or replace`,
    );
  }
  inheritMetadata(generated, old);
  if (behavior === 'merge') {
    mergeMap(generated, old, 'data');
    mergeMap(generated, old, 'binaryData');
  }
  map.replace(old, generated);
}

/** Go's dump of an id; where kustomize prints the address of a generator we name what it makes. */
function merging({ gvk, name, namespace }: ResId): string {
  const kind = `resid.Gvk{Group:"${gvk.group}", Version:"${gvk.version}", Kind:"${gvk.kind}", isClusterScoped:${gvk.clusterScoped}}`;
  return `merging from generator &{${gvk.kind} ${name}}: id resid.ResId{Gvk:${kind}, Name:"${name}", Namespace:"${namespace}"}`;
}

function inheritMetadata(resource: Resource, old: Resource): void {
  resource.setLabels(new Map([...old.labels(), ...resource.labels()]));
  resource.setAnnotations(new Map([...old.annotations(), ...resource.annotations()]));
  resource.setName(old.name);
  resource.setNamespace(old.namespace);
  // Names that others may still use, and whether a hash is due, are the old one's.
  const { origin, needsHash } = resource;
  resource.copyHistory(old);
  resource.needsHash &&= needsHash;
  if (resource.behavior === 'replace') resource.origin = origin;
}

function mergeMap(resource: Resource, old: Resource, field: 'data' | 'binaryData'): void {
  const merged = new Map([...stringMap(old.node.get(field)), ...stringMap(resource.node.get(field))]);
  resource.node.delete(field);
  if (merged.size === 0) return;
  const map = new MapNode();
  for (const [key, value] of merged) map.append(scalar(key), scalar(value));
  resource.node.set(field, map);
}
