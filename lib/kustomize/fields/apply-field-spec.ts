import { KustomizeError } from '../error.ts';
import type { FieldSpec } from '../kustomization/schema.ts';
import { isSelected } from '../resource/gvk.ts';
import { formatId } from '../resource/res-id.ts';
import { isNull, type Resource } from '../resource/resource.ts';
import { MapNode, type Node, ScalarNode, SeqNode } from '../yaml/index.ts';
import { resolvePlain } from '../yaml/scalars.ts';
import { splitFieldPath } from './field-path.ts';

/** What a missing last field is created as; nothing is created without it. */
export type CreatedKind = 'map' | 'scalar';
export type FieldSetter = (node: Node) => void;

/** Calls `set` with each node that the spec's path leads to, through all elements of the lists on the way. */
export function applyFieldSpec(
  resource: Resource,
  spec: FieldSpec,
  created: CreatedKind | undefined,
  set: FieldSetter,
): void {
  if (!isSelected(resource.gvk, spec)) return;
  const path = splitFieldPath(spec.path ?? '');
  try {
    walk(resource.node, path, 0, spec.create ? created : undefined, set);
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
    throw error.wrap(`considering field '${spec.path ?? ''}' of object ${formatId(resource.currentId())}`);
  }
}

function walk(
  node: Node,
  path: readonly string[],
  at: number,
  created: CreatedKind | undefined,
  set: FieldSetter,
): void {
  if (at === path.length) {
    set(node);
    return;
  }
  switch (node.kind) {
    case 'seq':
      for (const item of node.items) walk(item, path, at, created, set);
      return;
    case 'map':
      walkMap(node, path, at, created, set);
      return;
    case 'scalar':
      if (isNull(node)) return;
      throw new KustomizeError('transformerFailed', 'expected sequence or mapping node');
  }
}

function walkMap(
  map: MapNode,
  path: readonly string[],
  at: number,
  created: CreatedKind | undefined,
  set: FieldSetter,
): void {
  const segment = path[at] ?? '';
  const isList = segment.endsWith('[]');
  const field = isList ? segment.slice(0, -2) : segment;
  if (field === '') throw new KustomizeError('transformerFailed', 'cannot set or create an empty field name');
  const kind = created === undefined || isList ? undefined : at === path.length - 1 ? created : 'map';
  let child = map.get(field);
  if (child === undefined) {
    if (kind === undefined) return;
    child = kind === 'map' ? new MapNode() : new ScalarNode('', '');
    map.set(field, child);
  } else if (isList && isNull(child)) {
    child = new SeqNode();
    map.set(field, child);
  } else if (kind === 'map' && isNull(child)) {
    child = new MapNode();
    map.set(field, child);
  }
  walk(child, path, at + 1, created, set);
}

const untyped = new WeakSet<Node>();

/** Whether the scalar was written without a type: it is what its text looks like, whatever text comes later. */
export function isUntyped(node: Node): boolean {
  return untyped.has(node);
}

/** Writes a scalar in place. It keeps its quotes, and so without quotes is what its new text looks like: `12` a number. */
export function setScalar(node: Node, value: string): void {
  const scalar = demandScalar(node);
  scalar.value = value;
  scalar.tag = scalar.style === 'plain' ? resolvePlain(value, 'v3') : '!!str';
  if (scalar.style === 'plain') untyped.add(scalar);
}

/** Writes a scalar of a given type in place. It keeps its quotes, and then is a string. */
export function setTyped(node: Node, value: string, tag: string): void {
  const scalar = demandScalar(node);
  scalar.value = value;
  scalar.tag = scalar.style === 'plain' ? tag : '!!str';
}

/** A scalar that is what its text looks like. */
export function untypedScalar(text: string): ScalarNode {
  return new ScalarNode(text, resolvePlain(text, 'v3'));
}

function demandScalar(node: Node): ScalarNode {
  if (node.kind === 'scalar') return node;
  const kind = node.kind === 'map' ? 'MappingNode' : 'SequenceNode';
  throw new KustomizeError('transformerFailed', `wrong node kind: expected ScalarNode but got ${kind}`);
}
