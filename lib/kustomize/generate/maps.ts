import { KustomizeError } from '../error.ts';
import type { ConfigMapArgs, GeneratorOptions, SecretArgs } from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';
import { type Behavior, Resource } from '../resource/resource.ts';
import { MapNode, scalar, ScalarNode } from '../yaml/index.ts';
import { type KeyValue, loadKeyValues, textOf } from './key-values.ts';

/** A ConfigMap made by `configMapGenerator`. */
export function generateConfigMap(
  args: ConfigMapArgs,
  defaults: GeneratorOptions | undefined,
  loader: Loader,
): Resource {
  const options = effectiveOptions(args.options, defaults);
  const node = skeleton('ConfigMap', args);
  const data = new MapNode();
  const binaryData = new MapNode();
  for (const { key, value } of distinct(loadKeyValues(args, loader), `configmap ${args.name ?? ''}`)) {
    const text = textOf(value);
    if (text === undefined) binaryData.append(scalar(key), base64Scalar(value));
    else data.append(scalar(key), scalar(text));
  }
  if (data.size > 0) node.set('data', data);
  if (binaryData.size > 0) node.set('binaryData', binaryData);
  return finish(node, args, options);
}

/** A Secret made by `secretGenerator`. */
export function generateSecret(args: SecretArgs, defaults: GeneratorOptions | undefined, loader: Loader): Resource {
  const options = effectiveOptions(args.options, defaults);
  const node = skeleton('Secret', args);
  node.set('type', scalar(args.type || 'Opaque'));
  const data = new MapNode();
  for (const { key, value } of distinct(loadKeyValues(args, loader), `secret ${args.name ?? ''}`)) {
    data.append(scalar(key), base64Scalar(value));
  }
  node.set('data', data);
  return finish(node, args, options);
}

function skeleton(kind: string, args: ConfigMapArgs): MapNode {
  if (!args.name)
    throw new KustomizeError(
      'generatorFailed',
      'a configmap or secret must have a name'.replace(
        'a configmap or secret',
        kind === 'Secret' ? 'a secret' : 'a configmap',
      ),
    );
  const metadata = new MapNode();
  metadata.append(scalar('name'), scalar(args.name));
  if (args.namespace) metadata.append(scalar('namespace'), scalar(args.namespace));
  const node = new MapNode();
  node.append(scalar('apiVersion'), scalar('v1'));
  node.append(scalar('kind'), scalar(kind));
  node.append(scalar('metadata'), metadata);
  return node;
}

function finish(node: MapNode, args: ConfigMapArgs, options: GeneratorOptions): Resource {
  if (options.immutable) node.set('immutable', new ScalarNode('true', '!!bool'));
  const resource = new Resource(node);
  resource.setLabels(sorted(options.labels));
  resource.setAnnotations(sorted(options.annotations));
  resource.behavior = parseBehavior(args.behavior);
  resource.mark();
  resource.needsHash = !options.disableNameSuffixHash;
  return resource;
}

function sorted(map: ReadonlyMap<string, string> | undefined): Map<string, string> {
  return new Map([...(map ?? [])].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** An unknown behavior counts as none given, as in kustomize. */
function parseBehavior(text: string | undefined): Behavior {
  return text === 'create' || text === 'merge' || text === 'replace' ? text : 'unspecified';
}

/** Labels and annotations of the item win; the two switches cannot be taken back by it. */
function effectiveOptions(own: GeneratorOptions | undefined, defaults: GeneratorOptions | undefined): GeneratorOptions {
  return {
    labels: new Map([...(defaults?.labels ?? []), ...(own?.labels ?? [])]),
    annotations: new Map([...(defaults?.annotations ?? []), ...(own?.annotations ?? [])]),
    disableNameSuffixHash: (own?.disableNameSuffixHash ?? false) || (defaults?.disableNameSuffixHash ?? false),
    immutable: (own?.immutable ?? false) || (defaults?.immutable ?? false),
  };
}

function distinct(entries: readonly KeyValue[], owner: string): readonly KeyValue[] {
  const seen = new Set<string>();
  for (const { key } of entries) {
    if (seen.has(key)) throw new KustomizeError('generatorFailed', `${owner} illegally repeats the key \`${key}\``);
    seen.add(key);
  }
  return entries;
}

/** Wrapped inside the string at 70 columns: this form is printed and hashed. */
function base64Scalar(bytes: Uint8Array): ScalarNode {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  if (text.length <= 70) return scalar(text);
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += 70) lines.push(text.slice(at, at + 70));
  return scalar(`${lines.join('\n')}\n`);
}
