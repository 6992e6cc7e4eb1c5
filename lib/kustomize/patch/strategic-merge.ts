import type { MergeSchema } from '../data/merge-schema.ts';
import { KustomizeError } from '../error.ts';
import { formatId } from '../resource/res-id.ts';
import type { ResMap } from '../resource/res-map.ts';
import type { Resource } from '../resource/resource.ts';
import { cloneNode, scalar, ScalarNode } from '../yaml/index.ts';
import { TreeMerger } from './merge-tree.ts';

/** Merges a patch into one resource; empties the resource when the patch deletes it. */
export function applyStrategicMerge(resource: Resource, patch: Resource, schema: MergeSchema): void {
  const { name, namespace, kind } = resource;
  if (patch.allowNameChange || patch.allowKindChange) resource.rememberId();
  const merged = new TreeMerger(schema).mergeObject(resource.node, cloneNode(patch.node));
  if (merged === undefined) {
    resource.node.clear();
    return;
  }
  // A patch that replaces the whole object changes nothing: kustomize drops its result.
  if (merged !== resource.node) return;
  if (!patch.allowKindChange) resource.setKind(kind);
  if (!patch.allowNameChange && resource.name !== name) resource.setName(name);
  if (resource.namespace !== namespace) resource.setNamespace(namespace);
}

/** Applies a patch to the resource that its own id names. */
export function applyToNamed(map: ResMap, patch: Resource, schema: MergeSchema): void {
  const id = patch.originalId();
  let target: Resource;
  try {
    target = map.demandOne(id);
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
    throw error.wrap(`no resource matches strategic merge patch "${formatId(id)}"`);
  }
  applyStrategicMerge(target, patch, schema);
  if (patch.allowNameChange || patch.allowKindChange || target.node.size === 0) map.idsChanged();
}

/** A copy whose labels and annotations are strings, with none left out or taken away: kustomize copies them so. */
export function asTargeted(patch: Resource): Resource {
  const copy = patch.clone();
  copy.setLabels(patch.labels());
  copy.setAnnotations(patch.annotations());
  return copy;
}

/** Applies a patch to selected resources, as if it were written for each of them. */
export function applyToSelected(selected: readonly Resource[], patch: Resource, schema: MergeSchema): void {
  for (const resource of selected) {
    const copy = asTargeted(patch);
    const apiVersion = resource.node.get('apiVersion');
    copy.node.set('apiVersion', apiVersion === undefined ? scalar('') : cloneNode(apiVersion));
    if (!patch.allowKindChange) copy.node.set('kind', scalar(resource.kind));
    applyStrategicMerge(resource, copy, schema);
    if (apiVersion === undefined && resource.node.has('apiVersion'))
      resource.node.set('apiVersion', new ScalarNode('', '!!null'));
  }
}
