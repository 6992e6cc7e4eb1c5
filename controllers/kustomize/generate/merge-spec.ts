import { appendToField, fromJson, MapNode, newKustomization, type Node, scalar, SeqNode } from '#kustomize';
import type { ImageOverride, KustomizationSpec, KustomizePatch } from '#crds';

/** The part of a Kustomization's spec that changes the build. */
export type BuildSpec = Pick<
  KustomizationSpec,
  | 'targetNamespace'
  | 'namePrefix'
  | 'nameSuffix'
  | 'patches'
  | 'images'
  | 'components'
  | 'ignoreMissingComponents'
  | 'buildMetadata'
>;

/** A spec that asks for something that no build can do. */
export class GenerateError extends Error {
  override readonly name = 'GenerateError';
}

/** A kustomization file for a folder that has none. */
export function generatedFile(resources: readonly string[]): MapNode {
  const file = newKustomization(resources);
  // A file without anything to do is refused; a namespace is something, and there is nothing to put into it.
  if (resources.length === 0) file.set('namespace', scalar('_placeholder'));
  return file;
}

/**
 * Writes what the spec asks for into a kustomization file, in place.
 * @param componentExists whether a folder is there, given its path relative to the kustomization
 * @throws GenerateError for a component that is not a path
 */
export function mergeSpec(file: MapNode, spec: BuildSpec, componentExists: (path: string) => boolean): void {
  if (itemsOf(file, 'resources').length === 0 && itemsOf(file, 'bases').length === 0) {
    file.set('buildMetadata', new SeqNode([scalar('originAnnotations')]));
  }
  setText(file, 'namespace', spec.targetNamespace);
  setText(file, 'namePrefix', spec.namePrefix);
  setText(file, 'nameSuffix', spec.nameSuffix);
  append(file, 'patches', (spec.patches ?? []).map(patchNode));
  appendLegacyPatches(file, spec);
  append(file, 'components', components(spec, componentExists).map(scalar));
  for (const image of spec.images ?? []) mergeImage(file, image);
  if (spec.buildMetadata !== undefined && spec.buildMetadata.length > 0) {
    file.set('buildMetadata', new SeqNode(spec.buildMetadata.map(scalar)));
  }
}

function itemsOf(file: MapNode, field: string): readonly Node[] {
  const node = file.get(field);
  return node?.kind === 'seq' ? node.items : [];
}

function setText(map: MapNode, field: string, value: string | undefined): void {
  if (value !== undefined && value !== '') map.set(field, scalar(value));
}

/** A field that should be a list and is none stays as it is: the build says what is wrong with it. */
function append(file: MapNode, field: string, items: readonly Node[]): void {
  const before = file.get(field);
  const isNull = before?.kind === 'scalar' && before.tag === '!!null';
  if (before === undefined || before.kind === 'seq' || isNull) appendToField(file, field, items);
}

function patchNode({ patch, target }: KustomizePatch): Node {
  const node = new MapNode();
  node.set('patch', scalar(patch));
  if (target !== undefined) {
    const selector = new MapNode();
    for (const [key, value] of Object.entries(target)) selector.set(key, scalar(value));
    node.set('target', selector);
  }
  return node;
}

/** Objects stored under an API version of long ago may still have these; the schema of today drops them. */
function appendLegacyPatches(file: MapNode, spec: BuildSpec): void {
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(spec));
  for (const patch of listOf(fields.get('patchesStrategicMerge'))) {
    append(file, 'patches', [patchNode({ patch: JSON.stringify(patch) })]);
  }
  for (const entry of listOf(fields.get('patchesJson6902'))) {
    if (typeof entry !== 'object' || entry === null) continue;
    const { patch, target }: { patch?: unknown; target?: unknown } = entry;
    const node = new MapNode();
    node.set('patch', scalar(JSON.stringify(patch ?? [])));
    const selector = new MapNode();
    for (const [key, value] of Object.entries(target ?? {})) selector.set(key, scalar(String(value)));
    node.set('target', selector);
    append(file, 'patches', [node]);
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const remotePrefixes = [
  'git::',
  'gh:',
  'ssh://',
  'https://',
  'http://',
  'file://',
  'git@',
  'github.com:',
  'github.com/',
];

function components(spec: BuildSpec, exists: (path: string) => boolean): readonly string[] {
  const wanted = spec.components ?? [];
  for (const path of wanted) {
    const lower = path.toLowerCase();
    if (path.startsWith('/') || remotePrefixes.some((prefix) => lower.startsWith(prefix))) {
      throw new GenerateError(`component path '${path}' must be local and relative`);
    }
  }
  return spec.ignoreMissingComponents === true ? wanted.filter(exists) : wanted;
}

/** A name of its own replaces the file's; tag and digest are replaced together. */
function mergeImage(file: MapNode, image: ImageOverride): void {
  const before = itemsOf(file, 'images').find(
    (item): item is MapNode => item.kind === 'map' && textOf(item.get('name')) === image.name,
  );
  if (before === undefined) {
    append(file, 'images', [fromJson({ ...image })]);
    return;
  }
  setText(before, 'newName', image.newName);
  if ((image.newTag ?? '') === '' && (image.digest ?? '') === '') return;
  before.delete('newTag');
  before.delete('digest');
  setText(before, 'newTag', image.newTag);
  setText(before, 'digest', image.digest);
}

function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.value : undefined;
}
