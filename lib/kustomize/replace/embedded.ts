import {
  goJsonMarshal,
  type JsonValue,
  type MapNode,
  type Node,
  printV3,
  readDocuments,
  toJson,
  YamlError,
} from '../yaml/index.ts';
import { KustomizeError } from '../error.ts';
import { type CreateKind, findSlots } from './slots.ts';
import type { ScalarNode } from '../yaml/index.ts';

/** Finds a node by a path; undefined when there is none. */
export type Lookup = (root: MapNode, path: readonly string[]) => Node | undefined;

/**
 * A path may go on inside a string that holds JSON or YAML: sets the value there and writes the string anew.
 * @returns false when nothing was done, whatever the reason: the path then is one like others
 */
export function replaceInside(
  root: MapNode,
  path: readonly string[],
  value: Node,
  create: CreateKind,
  lookup: Lookup,
): boolean {
  try {
    const outer = findText(root, path, lookup);
    if (outer === undefined) return false;
    const tree = { root: outer.tree };
    const slot = {
      node: tree.root,
      set: (node: Node): void => {
        tree.root = node;
      },
    };
    const slots = findSlots(slot, outer.rest, create);
    if (slots.length === 0) return false;
    for (const { node, set } of slots) {
      if (node.kind === 'scalar') node.value = value.kind === 'scalar' ? value.value : '';
      else set(value);
    }
    outer.holder.value = written(tree.root, outer.holder.value);
    return true;
  } catch (error) {
    if (error instanceof KustomizeError || error instanceof YamlError) return false;
    throw error;
  }
}

interface Outer {
  readonly holder: ScalarNode;
  readonly tree: Node;
  readonly rest: readonly string[];
}

/** The first scalar on the way that can be read. */
function findText(root: MapNode, path: readonly string[], lookup: Lookup): Outer | undefined {
  for (let i = 1; i < path.length; i++) {
    let holder: Node | undefined;
    try {
      holder = lookup(root, path.slice(0, i));
    } catch (error) {
      if (error instanceof KustomizeError) continue;
      throw error;
    }
    if (holder?.kind !== 'scalar') continue;
    const tree = parse(holder.value);
    if (tree !== undefined) return { holder, tree, rest: path.slice(i) };
  }
  return undefined;
}

function parse(text: string): Node | undefined {
  try {
    return readDocuments(text)[0];
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

/** As JSON when it was JSON, compact or with two spaces as before; as YAML without its last line break otherwise. */
function written(tree: Node, original: string): string {
  if (!/^\s*[{[]/.test(original)) return printV3(tree).trim();
  const json = toJson(tree);
  return original.includes('\n') && original.includes('  ') ? indented(json, '') : goJsonMarshal(json);
}

/** Go's MarshalIndent with two spaces. */
function indented(value: JsonValue, margin: string): string {
  if (value === null || typeof value !== 'object') return goJsonMarshal(value);
  const inner = `${margin}  `;
  if (Array.isArray(value)) {
    return value.length === 0
      ? '[]'
      : `[\n${value.map((item) => `${inner}${indented(item, inner)}`).join(',\n')}\n${margin}]`;
  }
  const keys = Object.keys(value).toSorted();
  if (keys.length === 0) return '{}';
  const fields = keys.map((key) => `${inner}${goJsonMarshal(key)}: ${indented(value[key] ?? null, inner)}`);
  return `{\n${fields.join(',\n')}\n${margin}}`;
}
