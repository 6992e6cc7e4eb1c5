import { mergeFieldSpecs, type TransformerConfig } from '../config/transformer-config.ts';
import { KustomizeError } from '../error.ts';
import type { FieldSpec, Kustomization, LabelRule } from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';
import { loadPatch, loadStrategicPatches, loadTargetedJsonPatch } from '../patch/load-patch.ts';
import type { OpenApi } from '../patch/open-api.ts';
import { loadReplacements } from '../replace/load-replacements.ts';
import type { ResMap } from '../resource/res-map.ts';
import { setImages } from '../transform/images.ts';
import { setEntries } from '../transform/labels.ts';
import { addNameAffix } from '../transform/name-affix.ts';
import { setNamespace } from '../transform/namespace.ts';
import { setReplicas } from '../transform/replicas.ts';

/** A step over all resources, ready to run. */
export interface Transformer {
  /** kustomize's name of it. */
  readonly kind: string;
  readonly run: (map: ResMap) => void;
}

/** The transformers that the fields of a kustomization stand for, in the order that kustomize fixes. */
export function* builtinTransformers(
  file: Kustomization,
  config: TransformerConfig,
  loader: Loader,
  openApi: OpenApi,
): Generator<Transformer> {
  const { patchesStrategicMerge = [], namespace, namePrefix, nameSuffix } = file;
  if (patchesStrategicMerge.length > 0) {
    yield { kind: 'PatchStrategicMergeTransformer', run: loadStrategicPatches(patchesStrategicMerge, loader, openApi) };
  }
  for (const rule of file.patches ?? []) yield { kind: 'PatchTransformer', run: loadPatch(rule, loader, openApi) };
  if (namespace) {
    const rule = { namespace, fieldSpecs: config.list('namespace') };
    yield { kind: 'NamespaceTransformer', run: (map) => setNamespace(map, rule) };
  }
  if (namePrefix) {
    const specs = config.list('namePrefix');
    yield { kind: 'PrefixTransformer', run: (map) => addNameAffix(map, { prefix: namePrefix }, specs) };
  }
  if (nameSuffix) {
    const specs = config.list('nameSuffix');
    yield { kind: 'SuffixTransformer', run: (map) => addNameAffix(map, { suffix: nameSuffix }, specs) };
  }
  yield* labelTransformers(file, config);
  const { commonAnnotations = new Map() } = file;
  if (commonAnnotations.size > 0) {
    yield {
      kind: 'AnnotationsTransformer',
      run: (map) => setEntries(map, commonAnnotations, config.list('commonAnnotations')),
    };
  }
  for (const rule of file.patchesJson6902 ?? []) {
    yield { kind: 'PatchJson6902Transformer', run: loadTargetedJsonPatch(rule, loader) };
  }
  for (const rule of file.replicas ?? []) {
    yield { kind: 'ReplicaCountTransformer', run: (map) => setReplicas(map, rule, config.list('replicas')) };
  }
  for (const rule of file.images ?? []) {
    yield { kind: 'ImageTagTransformer', run: (map) => setImages(map, rule, config.list('images')) };
  }
  const { replacements = [] } = file;
  if (replacements.length > 0) yield { kind: 'ReplacementTransformer', run: loadReplacements(replacements, loader) };
}

/** One for each entry of `labels`, and one for `commonLabels` that runs even when only `labels` is given. */
function* labelTransformers(file: Kustomization, config: TransformerConfig): Generator<Transformer> {
  const { labels = [], commonLabels = new Map() } = file;
  if (labels.length === 0 && commonLabels.size === 0) return;
  for (const rule of labels) {
    const specs = labelFieldSpecs(rule, config);
    yield { kind: 'LabelTransformer', run: (map) => setEntries(map, rule.pairs ?? new Map(), specs) };
  }
  yield { kind: 'LabelTransformer', run: (map) => setEntries(map, commonLabels, config.list('commonLabels')) };
}

/** Own fields first, then what the rule includes. */
function labelFieldSpecs(rule: LabelRule, config: TransformerConfig): readonly FieldSpec[] {
  const own = mergeFieldSpecs(rule.fields ?? [], config.list('labels'));
  if (rule.includeSelectors) return mergeFieldSpecs(own, config.list('commonLabels'));
  const withTemplates = rule.includeTemplates ? mergeFieldSpecs(own, config.list('templateLabels')) : own;
  try {
    return mergeFieldSpecs(withTemplates, [{ path: 'metadata/labels', create: true }]);
  } catch (error) {
    throw error instanceof KustomizeError ? error.wrap('failed to merge metadata fieldSpec') : error;
  }
}
