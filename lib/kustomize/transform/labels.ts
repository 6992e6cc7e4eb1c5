import { applyFieldSpec, setEntry } from '../fields/apply-field-spec.ts';
import type { FieldSpec } from '../kustomization/schema.ts';
import type { ResMap } from '../resource/res-map.ts';

/** Sets string entries of the maps that the field specs name: labels, selectors, annotations. */
export function setEntries(map: ResMap, entries: ReadonlyMap<string, string>, specs: readonly FieldSpec[]): void {
  if (entries.size === 0) return;
  const sorted = [...entries].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const resource of map.resources) {
    for (const spec of specs) {
      applyFieldSpec(resource, spec, 'map', (node) => {
        for (const [key, value] of sorted) setEntry(node, key, value);
      });
    }
  }
}
