import { RE2JS } from 're2js';
import { KustomizeError } from '../error.ts';
import { untypedScalar } from '../fields/apply-field-spec.ts';
import { isNull } from '../resource/resource.ts';
import { MapNode, type Node, ScalarNode, SeqNode } from '../yaml/index.ts';
import { isIndex, parseElementMatch } from './field-path.ts';

/** A place in a tree that holds a node and can hold another. */
export interface Slot {
  readonly node: Node;
  readonly set: (node: Node) => void;
}

/** What a missing last field is created as: the kind of the value to come. */
export type CreateKind = Node['kind'] | undefined;

/**
 * All places that a path leads to: `*` goes through the elements of a list, `[k=v]` through those whose field matches the
 * regular expression, a number to one. With `create`, what is missing on the way is made.
 */
export function findSlots(root: Slot, path: readonly string[], create: CreateKind): Slot[] {
  const [part, ...rest] = path;
  if (part === undefined) return [root];
  if (part === '*') {
    const list = demandList(root);
    return list === undefined ? [] : elementSlots(list).flatMap((slot) => findSlots(slot, rest, create));
  }
  if (isIndex(part)) return findByIndex(root, Number(part), rest, create);
  const match = parseElementMatch(part);
  if (match !== undefined) return findByMatch(root, match, rest, create);
  return findField(root, part, rest, create);
}

function findField(slot: Slot, field: string, rest: readonly string[], create: CreateKind): Slot[] {
  if (isNull(slot.node)) return create === undefined ? [] : [{ node: slot.node, set: (): void => {} }];
  const map = slot.node;
  if (map.kind !== 'map') throw wrongKind('MappingNode', map);
  if (field === '') throw wrongKind('ScalarNode', map);
  if (!map.has(field)) {
    if (create === undefined) return [];
    map.set(field, created(rest, create));
  }
  const node = map.get(field);
  return node === undefined ? [] : findSlots({ node, set: (value) => map.set(field, value) }, rest, create);
}

function findByIndex(slot: Slot, index: number, rest: readonly string[], create: CreateKind): Slot[] {
  const list = demandList(slot);
  if (list === undefined) return [];
  if (list.items.length === index && create !== undefined) list.items.push(created(rest, create));
  const element = elementSlots(list)[index];
  if (element === undefined) {
    throw new KustomizeError(
      'transformerFailed',
      `index ${index} specified but only ${list.items.length} elements found`,
    );
  }
  return findSlots(element, rest, create);
}

function findByMatch(
  slot: Slot,
  match: { key: string; value: string },
  rest: readonly string[],
  create: CreateKind,
): Slot[] {
  const list = demandList(slot);
  if (list === undefined) return [];
  const isMatch = valueTest(match.value);
  const found = elementSlots(list).filter(({ node }) => {
    const value = match.key === '' ? node : node.kind === 'map' ? node.get(match.key) : undefined;
    return value?.kind === 'scalar' && isMatch(value.value);
  });
  const slots = found.flatMap((element) => findSlots(element, rest, create));
  if (slots.length > 0 || create === undefined) return slots;
  const value = untypedScalar(match.value);
  const element = new MapNode();
  if (match.key !== '') element.set(match.key, value);
  list.items.push(match.key === '' ? value : element);
  const last = elementSlots(list).at(-1);
  return last === undefined ? [] : findSlots(last, rest, create);
}

/** A regular expression that need not match the whole, as kustomize has it: `[name=a]` finds `ab` too. */
function valueTest(pattern: string): (text: string) => boolean {
  if (/^[\w/-]*$/.test(pattern)) return (text) => text.includes(pattern);
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.matcher(text).find();
}

function elementSlots(list: SeqNode): Slot[] {
  return list.items.map((node, i) => ({
    node,
    set: (value): void => {
      list.items[i] = value;
    },
  }));
}

function demandList(slot: Slot): SeqNode | undefined {
  if (isNull(slot.node)) return undefined;
  if (slot.node.kind !== 'seq') throw wrongKind('SequenceNode', slot.node);
  return slot.node;
}

/** The node for a missing field, by what the path goes on with. */
function created(rest: readonly string[], create: Node['kind']): Node {
  const [next] = rest;
  const kind = next === undefined ? create : isIndex(next) || parseElementMatch(next) !== undefined ? 'seq' : 'map';
  if (kind === 'map') return new MapNode();
  if (kind === 'seq') return new SeqNode();
  // No tag: what the scalar is shows when it gets its value.
  return new ScalarNode('', '');
}

export function wrongKind(expected: string, node: Node): KustomizeError {
  const names = { scalar: 'ScalarNode', map: 'MappingNode', seq: 'SequenceNode' };
  const contents = node.kind === 'scalar' ? `: node contents:\n${node.value}\n\n` : '';
  return new KustomizeError(
    'transformerFailed',
    `wrong node kind: expected ${expected} but got ${names[node.kind]}${contents}`,
    { line: node.line },
  );
}
