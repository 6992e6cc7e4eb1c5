import { KustomizeError } from '../error.ts';
import { goJsonMarshal, type JsonValue, type Node, readDocuments, scalar, toJson, YamlError } from '../yaml/index.ts';
import type { Slot } from './slots.ts';

/** The tree inside a string that holds JSON, and how to write the string anew after a change to the tree. */
export interface Embedded {
  readonly root: Slot;
  commit(): void;
}

/** A path may go on inside a string that holds JSON. @returns undefined when the string holds nothing of the kind */
export function openEmbedded(outer: Slot): Embedded | undefined {
  if (outer.node.kind !== 'scalar') return undefined;
  const text = outer.node.value;
  let root = parse(text);
  if (root === undefined) return undefined;
  if (!/^\s*[{[]/.test(text)) {
    throw new KustomizeError(
      'unsupported',
      'cannot replace inside a string that holds YAML: only JSON is supported yet',
    );
  }
  const pretty = text.includes('\n  ');
  return {
    root: {
      node: root,
      set: (node): void => {
        root = node;
      },
    },
    commit: (): void => {
      const json = root === undefined ? undefined : jsonOf(root);
      // What has no JSON form (a word put into a number) leaves the string as it was.
      if (json !== undefined) outer.set(scalar(pretty ? indented(json, '') : goJsonMarshal(json)));
    },
  };
}

function jsonOf(node: Node): JsonValue | undefined {
  try {
    return toJson(node);
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

function parse(text: string): Node | undefined {
  try {
    const [root] = readDocuments(text);
    return root === undefined || root.kind === 'scalar' ? undefined : root;
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
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
