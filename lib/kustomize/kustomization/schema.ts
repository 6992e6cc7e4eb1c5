import { anything, type Decoded, type Decoder, flag, int, int64, listOf, mapOf, type StructOf, struct, text } from './decode.ts';

/** The fields of kustomize's API types, by which kustomization files and builtin transformer configurations are read. */

const fieldSpecFields = { path: text, group: text, version: text, kind: text, create: flag } as const;
export const fieldSpec: Decoder<StructOf<typeof fieldSpecFields>> = struct('FieldSpec', fieldSpecFields);

const inResId = { group: 'ResId', version: 'ResId', kind: 'ResId', name: 'ResId', namespace: 'ResId' };
const resIdFields = { group: text, version: text, kind: text, name: text, namespace: text } as const;
const selectorFields = { ...resIdFields, annotationSelector: text, labelSelector: text } as const;
export const selector: Decoder<StructOf<typeof selectorFields>> = struct('Selector', selectorFields, inResId);
export type Selector = Decoded<typeof selector>;

const patchOptionsFields = { allowNameChange: flag, allowKindChange: flag } as const;
const patchFields = {
  path: text,
  patch: text,
  target: selector,
  options: struct('PatchArgs', patchOptionsFields) as Decoder<StructOf<typeof patchOptionsFields>>,
} as const;
export const patch: Decoder<StructOf<typeof patchFields>> = struct('Patch', patchFields);
export type PatchRule = Decoded<typeof patch>;

const imageFields = { name: text, newName: text, newTag: text, tagSuffix: text, digest: text } as const;
export const image: Decoder<StructOf<typeof imageFields>> = struct('Image', imageFields);
export type ImageRule = Decoded<typeof image>;

const replicaFields = { name: text, count: int64 } as const;
export const replica: Decoder<StructOf<typeof replicaFields>> = struct('Replica', replicaFields);
export type ReplicaRule = Decoded<typeof replica>;

const labelFields = {
  pairs: mapOf(text),
  includeSelectors: flag,
  includeTemplates: flag,
  fields: listOf(fieldSpec),
} as const;
export const label: Decoder<StructOf<typeof labelFields>> = struct('Label', labelFields);
export type LabelRule = Decoded<typeof label>;

const fieldOptionsFields = { delimiter: text, index: int, encoding: text, create: flag } as const;
const fieldOptions: Decoder<StructOf<typeof fieldOptionsFields>> = struct('FieldOptions', fieldOptionsFields);
export type FieldOptions = Decoded<typeof fieldOptions>;
const sourceSelectorFields = { ...resIdFields, fieldPath: text, options: fieldOptions } as const;
const sourceSelector: Decoder<StructOf<typeof sourceSelectorFields>> = struct('SourceSelector', sourceSelectorFields, inResId);
export type SourceSelector = Decoded<typeof sourceSelector>;
const targetSelectorFields = {
  select: selector,
  reject: listOf(selector),
  fieldPaths: listOf(text),
  options: fieldOptions,
} as const;
const targetSelector: Decoder<StructOf<typeof targetSelectorFields>> = struct('TargetSelector', targetSelectorFields);
export type TargetSelector = Decoded<typeof targetSelector>;
const replacementFields = { source: sourceSelector, sourceValue: text, targets: listOf(targetSelector) } as const;
export const replacement: Decoder<StructOf<typeof replacementFields>> = struct('Replacement', replacementFields);
export type Replacement = Decoded<typeof replacement>;
const replacementFieldFields = { path: text, ...replacementFields } as const;
export const replacementField: Decoder<StructOf<typeof replacementFieldFields>> = struct(
  'ReplacementField',
  replacementFieldFields,
  { source: 'Replacement', sourceValue: 'Replacement', targets: 'Replacement' },
);
export type ReplacementField = Decoded<typeof replacementField>;

const generatorOptionsFields = {
  labels: mapOf(text),
  annotations: mapOf(text),
  disableNameSuffixHash: flag,
  immutable: flag,
} as const;
export const generatorOptions: Decoder<StructOf<typeof generatorOptionsFields>> = struct(
  'GeneratorOptions',
  generatorOptionsFields,
);
export type GeneratorOptions = Decoded<typeof generatorOptions>;

const generatorFields = {
  name: text,
  namespace: text,
  behavior: text,
  literals: listOf(text),
  files: listOf(text),
  envs: listOf(text),
  env: text,
  options: generatorOptions,
} as const;
const viaArgs = 'GeneratorArgs';
const viaSources = 'GeneratorArgs.KvPairSources';
const generatorEmbedding = {
  name: viaArgs,
  namespace: viaArgs,
  behavior: viaArgs,
  options: viaArgs,
  literals: viaSources,
  files: viaSources,
  envs: viaSources,
  env: viaSources,
};
export const configMapArgs: Decoder<StructOf<typeof generatorFields>> = struct('ConfigMapArgs', generatorFields, generatorEmbedding);
export type ConfigMapArgs = Decoded<typeof configMapArgs>;
const secretFields = { ...generatorFields, type: text } as const;
export const secretArgs: Decoder<StructOf<typeof secretFields>> = struct('SecretArgs', secretFields, generatorEmbedding);
export type SecretArgs = Decoded<typeof secretArgs>;

const targetFields = { apiVersion: text, kind: text, group: text, version: text, name: text, namespace: text } as const;
const fieldRefFields = { fieldPath: text, fieldpath: text } as const;
const variableFields = {
  name: text,
  objref: struct('Target', targetFields) as Decoder<StructOf<typeof targetFields>>,
  fieldref: struct('FieldSelector', { fieldPath: fieldRefFields.fieldPath }) as Decoder<{ fieldPath?: string }>,
} as const;
export const variable: Decoder<StructOf<typeof variableFields>> = struct('Var', variableFields);
export type Variable = Decoded<typeof variable>;

const legacyFields = { orderFirst: listOf(text), orderLast: listOf(text) } as const;
const sortFields = {
  order: text,
  legacySortOptions: struct('LegacySortOptions', legacyFields) as Decoder<StructOf<typeof legacyFields>>,
} as const;
export const sortOptions: Decoder<StructOf<typeof sortFields>> = struct('SortOptions', sortFields);
export type SortOptions = Decoded<typeof sortOptions>;

const metadataFields = { name: text, namespace: text, labels: mapOf(text), annotations: mapOf(text) } as const;
const kustomizationFields = {
  apiVersion: text,
  kind: text,
  metadata: struct('ObjectMeta', metadataFields) as Decoder<StructOf<typeof metadataFields>>,
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
} as const;
export const kustomizationFieldNames: readonly string[] = Object.keys(kustomizationFields);
export const kustomizationDecoder: Decoder<StructOf<typeof kustomizationFields>> = struct('Kustomization', kustomizationFields);
export type Kustomization = Decoded<typeof kustomizationDecoder>;
