import { applyFieldSpec, setScalar } from '../fields/apply-field-spec.ts';
import type { FieldSpec } from '../kustomization/schema.ts';
import { isSelected } from '../resource/gvk.ts';
import type { ResMap } from '../resource/res-map.ts';
import { KustomizeError } from '../error.ts';

/** Kinds whose names mean something outside the cluster objects that refer to them, and so stay as they are. */
const keepTheirNames = new Set(['CustomResourceDefinition', 'APIService', 'Namespace']);

export type Affix = { readonly prefix: string } | { readonly suffix: string };

/** `namePrefix` or `nameSuffix`. */
export function addNameAffix(map: ResMap, affix: Affix, specs: readonly FieldSpec[]): void {
  for (const resource of map.resources) {
    const original = resource.originalId();
    if (keepTheirNames.has(original.gvk.kind)) continue;
    for (const spec of specs) {
      if (!isSelected(original.gvk, spec)) continue;
      if (spec.path === 'metadata/name') {
        resource.mark();
        if ('prefix' in affix) resource.prefixes.push(affix.prefix);
        else resource.suffixes.push(affix.suffix);
        resource.rememberId();
      }
      applyFieldSpec(resource, spec, 'scalar', (node) => {
        if (node.kind !== 'scalar') throw new KustomizeError('transformerFailed', 'expected a scalar node');
        setScalar(node, 'prefix' in affix ? `${affix.prefix}${node.value}` : `${node.value}${affix.suffix}`);
      });
    }
  }
  map.idsChanged();
}
