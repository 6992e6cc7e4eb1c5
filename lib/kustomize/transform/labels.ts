import { KustomizeError } from '../error.ts';
import { applyFieldSpec } from '../fields/apply-field-spec.ts';
import type { FieldSpec } from '../kustomization/schema.ts';
import type { ResMap } from '../resource/res-map.ts';
import { assignScalar, type Node, scalar, type ScalarNode } from '../yaml/index.ts';

/** Sets string entries of the maps that the field specs name: labels, selectors, annotations. */
export function setEntries(map: ResMap, entries: ReadonlyMap<string, string>, specs: readonly FieldSpec[]): void {
  if (entries.size === 0) return;
  const sorted = [...entries].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const resource of map.resources) {
    for (const [key, value] of sorted) {
      // One node for all fields of a resource: what changes one of them later changes all, as with kustomize.
      const entry = scalar(value);
      for (const spec of specs) applyFieldSpec(resource, spec, 'map', (node) => setEntry(node, key, entry));
    }
    resource.sharesScalars = true;
  }
}

function setEntry(node: Node, key: string, entry: ScalarNode): void {
  if (node.kind !== 'map') {
    const kind = node.kind === 'scalar' ? 'ScalarNode' : 'SequenceNode';
    throw new KustomizeError('transformerFailed', `wrong node kind: expected MappingNode but got ${kind}`);
  }
  const present = node.get(key);
  if (present?.kind !== 'scalar') node.set(key, entry);
  else {
    entry.style = present.style;
    assignScalar(present, entry);
  }
}
