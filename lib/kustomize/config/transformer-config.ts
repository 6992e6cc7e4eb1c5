import { defaultFieldSpecs } from '../data/default-field-specs.ts';
import { KustomizeError, within } from '../error.ts';
import { fieldSpec, type FieldSpec } from '../kustomization/schema.ts';
import { type Decoder, listOf, struct, text } from '../kustomization/decode.ts';
import { compareKinds } from '../order/sort.ts';
import { isSelected, type KnownGvk } from '../resource/gvk.ts';
import { readYamlV2 } from '../yaml/index.ts';

export interface NameReferenceData {
  group?: string;
  version?: string;
  kind?: string;
  fieldSpecs?: readonly FieldSpec[];
}

/** A configuration file's content: which fields a transformer touches. */
export interface TransformerConfigData {
  readonly namePrefix?: readonly FieldSpec[];
  readonly nameSuffix?: readonly FieldSpec[];
  readonly namespace?: readonly FieldSpec[];
  readonly commonLabels?: readonly FieldSpec[];
  readonly labels?: readonly FieldSpec[];
  readonly templateLabels?: readonly FieldSpec[];
  readonly commonAnnotations?: readonly FieldSpec[];
  readonly nameReference?: readonly NameReferenceData[];
  readonly varReference?: readonly FieldSpec[];
  readonly images?: readonly FieldSpec[];
  readonly replicas?: readonly FieldSpec[];
}

const specs = listOf(fieldSpec);
const nameReference: Decoder<{ group?: string; version?: string; kind?: string; fieldSpecs?: FieldSpec[] }> = struct(
  'NameBackReferences',
  { group: text, version: text, kind: text, fieldSpecs: specs },
);
const configDecoder: Decoder<TransformerConfigData> = struct<TransformerConfigData>('TransformerConfig', {
  namePrefix: specs,
  nameSuffix: specs,
  namespace: specs,
  commonLabels: specs,
  labels: specs,
  templateLabels: specs,
  commonAnnotations: specs,
  nameReference: listOf(nameReference),
  varReference: specs,
  images: specs,
  replicas: specs,
});

export function parseTransformerConfig(content: string): TransformerConfigData {
  return configDecoder.decode(readYamlV2(content), { struct: '', path: '' });
}

const lists = [
  'namePrefix',
  'nameSuffix',
  'namespace',
  'commonLabels',
  'labels',
  'templateLabels',
  'commonAnnotations',
  'varReference',
  'images',
  'replicas',
] as const;
type ListName = (typeof lists)[number];

/** As errors call them. */
const goNames: Readonly<Record<ListName, string>> = {
  namePrefix: 'NamePrefix',
  nameSuffix: 'NameSuffix',
  namespace: 'NameSpace',
  commonLabels: 'CommonLabels',
  labels: 'Labels',
  templateLabels: 'TemplateLabels',
  commonAnnotations: 'CommonAnnotations',
  varReference: 'VarReference',
  images: 'Images',
  replicas: 'Replicas',
};

/** The target kind of a reference and the field of a referrer that holds its name. */
export interface ReferenceField {
  readonly target: NameReferenceData;
  readonly field: FieldSpec;
}

/** The field specs in force: the defaults and what configuration files added, never changed after it was made. */
export class TransformerConfig {
  private readonly data: TransformerConfigData;
  private readonly byReferrer = new Map<string, readonly ReferenceField[]>();

  private constructor(data: TransformerConfigData) {
    const sorted: { -readonly [K in keyof TransformerConfigData]: TransformerConfigData[K] } = {};
    for (const name of lists) sorted[name] = (data[name] ?? []).toSorted(compareKinds);
    sorted.nameReference = (data.nameReference ?? []).toSorted(compareKinds);
    this.data = sorted;
  }

  static readonly empty: TransformerConfig = new TransformerConfig({});
  static readonly default: TransformerConfig = new TransformerConfig(defaultFieldSpecs);

  list(name: ListName): readonly FieldSpec[] {
    return this.data[name] ?? [];
  }

  merge(other: TransformerConfig): TransformerConfig {
    if (other === this || other === TransformerConfig.empty) return this;
    if (this === TransformerConfig.empty && other === TransformerConfig.default) return other;
    return this.mergeData(other.data);
  }

  mergeData(other: TransformerConfigData): TransformerConfig {
    const merged: { -readonly [K in keyof TransformerConfigData]: TransformerConfigData[K] } = {};
    for (const name of lists) {
      merged[name] = within(`failed to merge ${goNames[name]} fieldSpec`, () =>
        mergeFieldSpecs(this.list(name), other[name] ?? []),
      );
    }
    merged.nameReference = within('failed to merge NameReference fieldSpec', () =>
      mergeReferences(this.data.nameReference ?? [], other.nameReference ?? []),
    );
    return new TransformerConfig(merged);
  }

  /** The fields of a kind that hold names of other resources, in the order they are brought up to date. */
  referencesOf(gvk: KnownGvk): readonly ReferenceField[] {
    const hit = this.byReferrer.get(gvk.key);
    if (hit !== undefined) return hit;
    const found: ReferenceField[] = [];
    for (const target of this.data.nameReference ?? []) {
      for (const field of target.fieldSpecs ?? []) if (isSelected(gvk, field)) found.push({ target, field });
    }
    this.byReferrer.set(gvk.key, found);
    return found;
  }
}

const same = (a: string | undefined, b: string | undefined): boolean => (a ?? '') === (b ?? '');
/** Every kind that `by` selects is selected by `other`'s parts too, as far as `other` names them. */
const covers = (a: FieldSpec, b: FieldSpec): boolean =>
  (!b.group || same(a.group, b.group)) &&
  (!b.version || same(a.version, b.version)) &&
  (!b.kind || same(a.kind, b.kind));

export function mergeFieldSpecs(ours: readonly FieldSpec[], theirs: readonly FieldSpec[]): readonly FieldSpec[] {
  if (theirs.length === 0 || ours === theirs) return ours;
  const merged = [...ours];
  // Merging the defaults with themselves happens at every level: found by path, it costs no more than it must.
  const byPath = Map.groupBy(merged, (spec) => spec.path);
  for (const spec of theirs) {
    const twins = byPath.get(spec.path);
    const twin = twins?.find((candidate) => covers(candidate, spec));
    if (twin === undefined) {
      merged.push(spec);
      if (twins === undefined) byPath.set(spec.path, [spec]);
      else twins.push(spec);
    } else if ((twin.create ?? false) !== (spec.create ?? false)) {
      throw new KustomizeError('invalidKustomization', 'conflicting fieldspecs');
    }
  }
  return merged;
}

function mergeReferences(
  ours: readonly NameReferenceData[],
  theirs: readonly NameReferenceData[],
): readonly NameReferenceData[] {
  if (theirs.length === 0 || ours === theirs) return ours;
  const merged = [...ours];
  for (const reference of theirs) {
    const at = merged.findIndex(
      (r) => same(r.group, reference.group) && same(r.version, reference.version) && same(r.kind, reference.kind),
    );
    const twin = merged[at];
    if (twin === undefined) merged.push(reference);
    else merged[at] = { ...twin, fieldSpecs: mergeFieldSpecs(twin.fieldSpecs ?? [], reference.fieldSpecs ?? []) };
  }
  return merged;
}
