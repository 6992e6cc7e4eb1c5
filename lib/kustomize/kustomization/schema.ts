import type { Node } from '../yaml/index.ts';
import { anything, type Decoder, type FieldDecoders, flag, int, int64, listOf, mapOf, struct, text } from './decode.ts';

/** The fields of kustomize's API types, by which kustomization files and builtin transformer configurations are read. */

export interface FieldSpec {
  path?: string;
  group?: string;
  version?: string;
  kind?: string;
  /** Create what is missing on the way. */
  create?: boolean;
}
export const fieldSpec: Decoder<FieldSpec> = struct('FieldSpec', {
  path: text,
  group: text,
  version: text,
  kind: text,
  create: flag,
});

interface IdSelector {
  group?: string;
  version?: string;
  kind?: string;
  name?: string;
  namespace?: string;
}
const idFields = { group: text, version: text, kind: text, name: text, namespace: text };
const inResId = { group: 'ResId', version: 'ResId', kind: 'ResId', name: 'ResId', namespace: 'ResId' };

export interface Selector extends IdSelector {
  annotationSelector?: string;
  labelSelector?: string;
}
export const selector: Decoder<Selector> = struct(
  'Selector',
  { ...idFields, annotationSelector: text, labelSelector: text },
  inResId,
);

export interface PatchOptions {
  allowNameChange?: boolean;
  allowKindChange?: boolean;
}
export interface PatchRule {
  path?: string;
  patch?: string;
  target?: Selector;
  options?: PatchOptions;
}
const patchOptions: Decoder<PatchOptions> = struct('PatchArgs', { allowNameChange: flag, allowKindChange: flag });
export const patch: Decoder<PatchRule> = struct('Patch', {
  path: text,
  patch: text,
  target: selector,
  options: patchOptions,
});

export interface ImageRule {
  name?: string;
  newName?: string;
  newTag?: string;
  tagSuffix?: string;
  digest?: string;
}
export const image: Decoder<ImageRule> = struct('Image', {
  name: text,
  newName: text,
  newTag: text,
  tagSuffix: text,
  digest: text,
});

export interface ReplicaRule {
  name?: string;
  count?: number;
}
export const replica: Decoder<ReplicaRule> = struct('Replica', { name: text, count: int64 });

export interface LabelRule {
  pairs?: Map<string, string>;
  includeSelectors?: boolean;
  includeTemplates?: boolean;
  fields?: FieldSpec[];
}
export const label: Decoder<LabelRule> = struct('Label', {
  pairs: mapOf(text),
  includeSelectors: flag,
  includeTemplates: flag,
  fields: listOf(fieldSpec),
});

export interface FieldOptions {
  delimiter?: string;
  index?: number;
  encoding?: string;
  create?: boolean;
}
const fieldOptions: Decoder<FieldOptions> = struct('FieldOptions', {
  delimiter: text,
  index: int,
  encoding: text,
  create: flag,
});
export interface SourceSelector extends IdSelector {
  fieldPath?: string;
  options?: FieldOptions;
}
const sourceSelector: Decoder<SourceSelector> = struct(
  'SourceSelector',
  { ...idFields, fieldPath: text, options: fieldOptions },
  inResId,
);
export interface TargetSelector {
  select?: Selector;
  reject?: Selector[];
  fieldPaths?: string[];
  options?: FieldOptions;
}
const targetSelector: Decoder<TargetSelector> = struct('TargetSelector', {
  select: selector,
  reject: listOf(selector),
  fieldPaths: listOf(text),
  options: fieldOptions,
});
export interface Replacement {
  source?: SourceSelector;
  sourceValue?: string;
  targets?: TargetSelector[];
}
const replacementFields = { source: sourceSelector, sourceValue: text, targets: listOf(targetSelector) };
export const replacement: Decoder<Replacement> = struct('Replacement', replacementFields);
export interface ReplacementField extends Replacement {
  path?: string;
}
export const replacementField: Decoder<ReplacementField> = struct(
  'ReplacementField',
  { path: text, ...replacementFields },
  { source: 'Replacement', sourceValue: 'Replacement', targets: 'Replacement' },
);

export interface GeneratorOptions {
  labels?: Map<string, string>;
  annotations?: Map<string, string>;
  disableNameSuffixHash?: boolean;
  immutable?: boolean;
}
export const generatorOptions: Decoder<GeneratorOptions> = struct('GeneratorOptions', {
  labels: mapOf(text),
  annotations: mapOf(text),
  disableNameSuffixHash: flag,
  immutable: flag,
});

export interface ConfigMapArgs {
  name?: string;
  namespace?: string;
  behavior?: string;
  literals?: string[];
  files?: string[];
  envs?: string[];
  env?: string;
  options?: GeneratorOptions;
}
export interface SecretArgs extends ConfigMapArgs {
  type?: string;
}
const generatorFields = {
  name: text,
  namespace: text,
  behavior: text,
  literals: listOf(text),
  files: listOf(text),
  envs: listOf(text),
  env: text,
  options: generatorOptions,
};
const inArgs = 'GeneratorArgs';
const inSources = 'GeneratorArgs.KvPairSources';
const generatorEmbedding = {
  name: inArgs,
  namespace: inArgs,
  behavior: inArgs,
  options: inArgs,
  literals: inSources,
  files: inSources,
  envs: inSources,
  env: inSources,
};
export const configMapArgs: Decoder<ConfigMapArgs> = struct('ConfigMapArgs', generatorFields, generatorEmbedding);
export const secretArgs: Decoder<SecretArgs> = struct(
  'SecretArgs',
  { ...generatorFields, type: text },
  generatorEmbedding,
);

export interface VariableTarget extends IdSelector {
  apiVersion?: string;
}
export interface Variable {
  name?: string;
  objref?: VariableTarget;
  fieldref?: { fieldPath?: string };
}
const variableTarget: Decoder<VariableTarget> = struct('Target', { ...idFields, apiVersion: text });
const variableField: Decoder<{ fieldPath?: string }> = struct('FieldSelector', { fieldPath: text });
export const variable: Decoder<Variable> = struct('Var', {
  name: text,
  objref: variableTarget,
  fieldref: variableField,
});

export interface LegacySortOptions {
  orderFirst?: string[];
  orderLast?: string[];
}
export interface SortOptions {
  order?: string;
  legacySortOptions?: LegacySortOptions;
}
const legacySortOptions: Decoder<LegacySortOptions> = struct('LegacySortOptions', {
  orderFirst: listOf(text),
  orderLast: listOf(text),
});
export const sortOptions: Decoder<SortOptions> = struct('SortOptions', { order: text, legacySortOptions });

export interface ObjectMeta {
  name?: string;
  namespace?: string;
  labels?: Map<string, string>;
  annotations?: Map<string, string>;
}
export const objectMeta: Decoder<ObjectMeta> = struct('ObjectMeta', {
  name: text,
  namespace: text,
  labels: mapOf(text),
  annotations: mapOf(text),
});

export interface Kustomization {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  openapi?: Map<string, string>;
  namePrefix?: string;
  nameSuffix?: string;
  namespace?: string;
  commonLabels?: Map<string, string>;
  labels?: LabelRule[];
  commonAnnotations?: Map<string, string>;
  patchesStrategicMerge?: string[];
  patchesJson6902?: PatchRule[];
  patches?: PatchRule[];
  images?: ImageRule[];
  imageTags?: ImageRule[];
  replacements?: ReplacementField[];
  replicas?: ReplicaRule[];
  vars?: Variable[];
  sortOptions?: SortOptions;
  resources?: string[];
  components?: string[];
  crds?: string[];
  bases?: string[];
  configMapGenerator?: ConfigMapArgs[];
  secretGenerator?: SecretArgs[];
  helmGlobals?: Node;
  helmCharts?: Node[];
  helmChartInflationGenerator?: Node[];
  generatorOptions?: GeneratorOptions;
  configurations?: string[];
  generators?: string[];
  transformers?: string[];
  validators?: string[];
  buildMetadata?: string[];
}
const kustomizationFields: FieldDecoders<Kustomization> = {
  apiVersion: text,
  kind: text,
  metadata: objectMeta,
  openapi: mapOf(text),
  namePrefix: text,
  nameSuffix: text,
  namespace: text,
  commonLabels: mapOf(text),
  labels: listOf(label),
  commonAnnotations: mapOf(text),
  patchesStrategicMerge: listOf(text),
  patchesJson6902: listOf(patch),
  patches: listOf(patch),
  images: listOf(image),
  imageTags: listOf(image),
  replacements: listOf(replacementField),
  replicas: listOf(replica),
  vars: listOf(variable),
  sortOptions,
  resources: listOf(text),
  components: listOf(text),
  crds: listOf(text),
  bases: listOf(text),
  configMapGenerator: listOf(configMapArgs),
  secretGenerator: listOf(secretArgs),
  helmGlobals: anything,
  helmCharts: listOf(anything),
  helmChartInflationGenerator: listOf(anything),
  generatorOptions,
  configurations: listOf(text),
  generators: listOf(text),
  transformers: listOf(text),
  validators: listOf(text),
  buildMetadata: listOf(text),
};
export const kustomization: Decoder<Kustomization> = struct('Kustomization', kustomizationFields);
export const kustomizationFieldNames: readonly string[] = Object.keys(kustomizationFields);
