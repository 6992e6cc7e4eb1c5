import { basename } from 'node:path';
import { KustomizeError } from '../error.ts';
import { addHashSuffixes } from '../generate/hash.ts';
import { generateIamPolicy, iamPolicyArgs } from '../generate/iam-policy.ts';
import { generateConfigMap, generateSecret } from '../generate/maps.ts';
import { type Decoder, flag, listOf, mapOf, struct, text } from '../kustomization/decode.ts';
import {
  configMapArgs,
  type ConfigMapArgs,
  fieldSpec,
  type FieldSpec,
  image,
  type ImageRule,
  objectMeta,
  type ObjectMeta,
  patch,
  type PatchRule,
  replacementField,
  type ReplacementField,
  replica,
  type ReplicaRule,
  secretArgs,
  type SecretArgs,
} from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';
import { loadPatch, loadStrategicPatches, loadTargetedJsonPatch } from '../patch/load-patch.ts';
import type { OpenApi } from '../patch/open-api.ts';
import { loadReplacements } from '../replace/load-replacements.ts';
import { formatGvk } from '../resource/gvk.ts';
import { formatId } from '../resource/res-id.ts';
import type { Resource } from '../resource/resource.ts';
import { setImages } from '../transform/images.ts';
import { setEntries } from '../transform/labels.ts';
import { addNameAffix } from '../transform/name-affix.ts';
import { setNamespace } from '../transform/namespace.ts';
import { setReplicas } from '../transform/replicas.ts';
import { valueAdder, type ValueTarget, valueTarget } from '../transform/value-add.ts';
import { cloneNode, MapNode, readYamlV2 } from '../yaml/index.ts';
import type { Transformer } from './transformers.ts';

/** The configuration of a builtin transformer that stands in a file of its own: the fields of all of them together. */
interface TransformerArgs {
  metadata?: ObjectMeta;
  fieldSpecs?: FieldSpec[];
  prefix?: string;
  suffix?: string;
  labels?: Map<string, string>;
  annotations?: Map<string, string>;
  unsetOnly?: boolean;
  setRoleBindingSubjects?: string;
  imageTag?: ImageRule;
  replica?: ReplicaRule;
  replacements?: ReplacementField[];
  paths?: string[];
  patches?: string;
  jsonOp?: string;
  value?: string;
  targets?: ValueTarget[];
  targetFilePath?: string;
}

const transformerArgs: Decoder<TransformerArgs> = struct<TransformerArgs>(
  'Transformer',
  {
    metadata: objectMeta,
    fieldSpecs: listOf(fieldSpec),
    prefix: text,
    suffix: text,
    labels: mapOf(text),
    annotations: mapOf(text),
    unsetOnly: flag,
    setRoleBindingSubjects: text,
    imageTag: image,
    replica,
    replacements: listOf(replacementField),
    paths: listOf(text),
    patches: text,
    jsonOp: text,
    value: text,
    targets: listOf(valueTarget),
    targetFilePath: text,
  },
  {},
  'ignored',
);

const top = { struct: '', path: '' };

/** A transformer from an entry of `transformers`. @throws KustomizeError 'unsupported' for what is no builtin */
export function pluginTransformer(resource: Resource, loader: Loader, openApi: OpenApi): Transformer {
  const { kind } = requireBuiltin(resource);
  const args = transformerArgs.decode(resource.node, top);
  const specs = args.fieldSpecs ?? [];
  const step = (run: Transformer['run']): Transformer => ({ kind, run });
  switch (kind) {
    case 'PrefixTransformer':
      return step((map) => addNameAffix(map, { prefix: args.prefix ?? '' }, specs));
    case 'SuffixTransformer':
      return step((map) => addNameAffix(map, { suffix: args.suffix ?? '' }, specs));
    case 'LabelTransformer':
      return step((map) => setEntries(map, args.labels ?? new Map(), specs));
    case 'AnnotationsTransformer':
      return step((map) => setEntries(map, args.annotations ?? new Map(), specs));
    case 'NamespaceTransformer':
      return step(namespaceStep(args, specs));
    case 'ImageTagTransformer':
      return step((map) => setImages(map, args.imageTag ?? {}, specs));
    case 'ReplicaCountTransformer':
      return step((map) => setReplicas(map, args.replica ?? {}, specs));
    case 'ReplacementTransformer':
      return step(loadReplacements(args.replacements ?? [], loader));
    case 'PatchTransformer':
      return step(loadPatch(ruleOf(resource), loader, openApi));
    case 'PatchStrategicMergeTransformer':
      return step(
        loadStrategicPatches([...(args.paths ?? []), ...(args.patches ? [args.patches] : [])], loader, openApi),
      );
    case 'PatchJson6902Transformer':
      return step(
        loadTargetedJsonPatch({ ...ruleOf(resource), ...(args.jsonOp ? { patch: args.jsonOp } : {}) }, loader),
      );
    case 'HashTransformer':
      return step(addHashSuffixes);
    case 'PrefixSuffixTransformer':
      return step((map) => {
        addNameAffix(map, { prefix: args.prefix ?? '' }, specs);
        addNameAffix(map, { suffix: args.suffix ?? '' }, specs);
      });
    case 'ValueAddTransformer':
      return step(valueAdder(args.value?.trim() || basename(loader.root), valueTargets(args, loader)));
    default:
      throw generatorKinds.has(kind)
        ? new KustomizeError('unsupported', `plugin ${formatId(resource.originalId())} not a transformer`)
        : unknownBuiltin(resource);
  }
}

const generatorKinds = new Set([
  'ConfigMapGenerator',
  'SecretGenerator',
  'IAMPolicyGenerator',
  'HelmChartInflationGenerator',
]);

function unknownBuiltin(resource: Resource): KustomizeError {
  return new KustomizeError('unsupported', `unable to load builtin ${formatGvk(resource.gvk)}`);
}

const targetsFile: Decoder<{ targets?: ValueTarget[] }> = struct<{ targets?: ValueTarget[] }>(
  'Targets',
  { targets: listOf(valueTarget) },
  {},
  'ignored',
);

function valueTargets(args: TransformerArgs, loader: Loader): readonly ValueTarget[] {
  const own = args.targets ?? [];
  if (!args.targetFilePath) return own;
  return [...own, ...(targetsFile.decode(readYamlV2(loader.readText(args.targetFilePath)), top).targets ?? [])];
}

function namespaceStep(args: TransformerArgs, fieldSpecs: readonly FieldSpec[]): Transformer['run'] {
  const namespace = args.metadata?.namespace ?? '';
  if (namespace === '') return () => {};
  const { unsetOnly = false, setRoleBindingSubjects } = args;
  const rule = { namespace, fieldSpecs, unsetOnly, ...(setRoleBindingSubjects ? { setRoleBindingSubjects } : {}) };
  return (map) => setNamespace(map, rule);
}

/** The fields of a patch rule that a transformer's configuration holds. */
function ruleOf(resource: Resource): PatchRule {
  return patch.decode(only(resource.node, ['path', 'patch', 'target', 'options']), top);
}

function only(node: MapNode, fields: readonly string[]): MapNode {
  const part = new MapNode();
  for (const field of fields) {
    const value = node.get(field);
    if (value !== undefined) part.set(field, cloneNode(value));
  }
  return part;
}

const generatorFields = ['name', 'namespace', 'behavior', 'literals', 'files', 'envs', 'env', 'options', 'type'];

/** What an entry of `generators` makes. @throws KustomizeError 'unsupported' for what is no builtin */
export function pluginGenerated(resource: Resource, loader: Loader): readonly Resource[] {
  const { kind } = requireBuiltin(resource);
  const node = only(resource.node, generatorFields);
  const named = <T extends ConfigMapArgs>(args: T): T => ({
    ...args,
    name: args.name || resource.name,
    ...(args.namespace || resource.namespace ? { namespace: args.namespace || resource.namespace } : {}),
  });
  if (kind === 'ConfigMapGenerator') {
    const args: ConfigMapArgs = configMapArgs.decode(node, top);
    return [generateConfigMap(named(args), undefined, loader)];
  }
  if (kind === 'SecretGenerator') {
    const args: SecretArgs = secretArgs.decode(node, top);
    return [generateSecret(named(args), undefined, loader)];
  }
  if (kind === 'IAMPolicyGenerator') return generateIamPolicy(iamPolicyArgs.decode(resource.node, top));
  throw unknownBuiltin(resource);
}

function requireBuiltin(resource: Resource): { kind: string } {
  const { gvk, node } = resource;
  const annotations = resource.annotations();
  const isFunction = annotations.has('config.kubernetes.io/function') || annotations.has('config.k8s.io/function');
  if (gvk.apiVersion !== 'builtin' || isFunction) throw unsupported(resource, node.line);
  return { kind: gvk.kind };
}

/** kustomize's words for a plugin that it was not allowed to run. */
function unsupported(resource: Resource, line?: number): KustomizeError {
  const { gvk } = resource;
  return new KustomizeError(
    'unsupported',
    `external plugins disabled; unable to load external plugin '${gvk.kind}'`,
    line === undefined ? {} : { line },
  );
}
