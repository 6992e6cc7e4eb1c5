import { KustomizeError } from '../error.ts';
import { applyFieldSpec, setTyped } from '../fields/apply-field-spec.ts';
import type { FieldSpec, ReplicaRule } from '../kustomization/schema.ts';
import { formatGvk, isSelected } from '../resource/gvk.ts';
import type { ResMap } from '../resource/res-map.ts';

/** `replicas`: sets the count of the workload that has or once had the name. */
export function setReplicas(map: ResMap, rule: ReplicaRule, specs: readonly FieldSpec[]): void {
  const name = rule.name ?? '';
  let found = false;
  const named = map.resources.filter(
    (resource) => resource.name === name || resource.previousIds().some((id) => id.name === name),
  );
  for (const spec of specs) {
    for (const resource of named) {
      const ids = [...resource.previousIds(), resource.currentId()];
      if (!ids.some((id) => id.name === name && isSelected(id.gvk, spec))) continue;
      found = true;
      applyFieldSpec(resource, spec, 'scalar', (node) => setTyped(node, String(rule.count ?? 0), '!!int'));
    }
  }
  if (found) return;
  const kinds = specs.map(formatGvk).join(' ');
  throw new KustomizeError(
    'transformerFailed',
    `resource with name ${name} does not match a config with the following GVK [${kinds}]`,
  );
}
