import type { TransformerConfig } from '../config/transformer-config.ts';
import { mergeFieldSpecs } from '../config/transformer-config.ts';
import { KustomizeError } from '../error.ts';
import type { FieldSpec, Kustomization, LabelRule } from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';
import { loadPatch, loadStrategicPatch, loadTargetedJsonPatch } from '../patch/load-patch.ts';
import { loadReplacements } from '../replace/load-replacements.ts';
import type { ResMap } from '../resource/res-map.ts';
import { setImages } from '../transform/images.ts';
import { setEntries } from '../transform/labels.ts';
import { addNameAffix } from '../transform/name-affix.ts';
import { setNamespace } from '../transform/namespace.ts';
import { setReplicas } from '../transform/replicas.ts';

export type Transformer = (map: ResMap) => void;

/** The transformers that the fields of a kustomization stand for, in the order that kustomize fixes. */
export function* builtinTransformers(
  file: Kustomization,
  config: TransformerConfig,
  loader: Loader,
): Generator<Transformer> {
  for (const source of file.patchesStrategicMerge ?? []) yield loadStrategicPatch(source, loader);
  for (const rule of file.patches ?? []) yield loadPatch(rule, loader);
  const { namespace, namePrefix, nameSuffix } = file;
  if (namespace) yield (map) => setNamespace(map, { namespace, fieldSpecs: config.list('namespace') });
  if (namePrefix) yield (map) => addNameAffix(map, { prefix: namePrefix }, config.list('namePrefix'));
  if (nameSuffix) yield (map) => addNameAffix(map, { suffix: nameSuffix }, config.list('nameSuffix'));
  for (const rule of file.labels ?? []) {
    const specs = labelFieldSpecs(rule, config);
    yield (map) => setEntries(map, rule.pairs ?? new Map(), specs);
  }
  const { commonLabels, commonAnnotations } = file;
  if (commonLabels !== undefined) yield (map) => setEntries(map, commonLabels, config.list('commonLabels'));
  if (commonAnnotations !== undefined)
    yield (map) => setEntries(map, commonAnnotations, config.list('commonAnnotations'));
  for (const rule of file.patchesJson6902 ?? []) yield loadTargetedJsonPatch(rule, loader);
  for (const rule of file.replicas ?? []) yield (map) => setReplicas(map, rule, config.list('replicas'));
  for (const rule of file.images ?? []) yield (map) => setImages(map, rule, config.list('images'));
  if ((file.replacements ?? []).length > 0) yield loadReplacements(file.replacements ?? [], loader);
}

/** Own fields first, then what the rule includes. */
function labelFieldSpecs(rule: LabelRule, config: TransformerConfig): readonly FieldSpec[] {
  const own = rule.fields ?? [];
  if (rule.includeSelectors) return mergeFieldSpecs(own, config.list('commonLabels'));
  const withTemplates = rule.includeTemplates ? mergeFieldSpecs(own, config.list('templateLabels')) : own;
  try {
    return mergeFieldSpecs(withTemplates, [{ path: 'metadata/labels', create: true }]);
  } catch (error) {
    throw error instanceof KustomizeError ? error.wrap('failed to merge metadata fieldSpec') : error;
  }
}
