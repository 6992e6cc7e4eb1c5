import { YamlError } from './error.ts';
import { isCollectionKey, nonStringKey, scalarToJson } from './json.ts';
import { compareKeys } from './key-order.ts';
import { MapNode, type Node, ScalarNode, type SeqNode } from './node.ts';
import { formatThroughJson } from './numbers.ts';
import {
  allowedStyles,
  BLOCK,
  doubleQuoted,
  isBreak,
  literalBlock,
  MULTILINE,
  pad,
  PLAIN_IN_BLOCK,
  plainText,
  SINGLE_QUOTED,
  singleQuoted,
} from './scalar-writer.ts';
import { isUnreadableBlock, refolded } from './refold.ts';
import { isBase60, resolvePlain } from './scalars.ts';

/**
 * One document exactly as `kustomize build` prints it: sorted keys, yaml.v2's choice of styles, folded at column 80.
 * @throws YamlError 'value' | 'key': what kustomize fails to print too
 */
export function print(node: Node): string {
  const printer = new Printer();
  printer.document(node);
  return printer.out;
}

/** Documents joined with `---`; no leading or trailing marker. */
export function printDocuments(nodes: readonly Node[]): string {
  return nodes.map(print).join('---\n');
}

/** Simple keys are at most this long, in bytes. */
const LONGEST_SIMPLE_KEY = 128;

class Printer {
  out = '';

  document(node: Node): void {
    if (node.kind === 'map' && node.size > 0) this.entries(rootEntries(node), 0, true, node.flow);
    else if (node.kind === 'seq' && node.items.length > 0) this.items(node, 0, true, node.flow);
    else {
      this.leaf(node, -1, 0, false);
    }
  }

  /** @param inline the cursor already stands where the first key goes */
  private entries(map: MapNode, indent: number, inline: boolean, flow: boolean): void {
    const order = sortedOrder(map.keyNodes);
    const margin = pad(indent);
    for (let n = 0; n < map.keyNodes.length; n++) {
      const i = order === undefined ? n : (order[n] ?? n);
      const key = map.keyNodes[i];
      const value = map.values[i];
      if (key === undefined || value === undefined) continue;
      if (n > 0 || !inline) this.out += margin;
      this.entry(key, value, indent, flow);
    }
  }

  private entry(key: ScalarNode, value: Node, indent: number, flow: boolean): void {
    const text = keyText(key);
    if (!isSimpleKey(text)) {
      this.explicitEntry(text, value, indent, flow);
      return;
    }
    const written = simpleKey(text);
    this.out += `${written}:`;
    const inFlow = flow || (value.kind !== 'scalar' && value.flow);
    if (value.kind === 'map' && value.size > 0) {
      this.out += '\n';
      this.entries(value, indent + 2, false, inFlow);
    } else if (value.kind === 'seq' && value.items.length > 0) {
      this.out += '\n';
      this.items(value, indent, false, inFlow);
    } else {
      this.leaf(value, indent + written.length + 1, indent + 2, flow);
    }
  }

  /** `? key` and `: value`: for a key that is too long or has line breaks. */
  private explicitEntry(text: string, value: Node, indent: number, flow: boolean): void {
    const written = stringText(text, indent + 2, indent + 2);
    this.out += `? ${written}${isBreak(written.charCodeAt(written.length - 1)) ? '' : '\n'}${pad(indent)}:`;
    const inFlow = flow || (value.kind !== 'scalar' && value.flow);
    if (value.kind === 'map' && value.size > 0) {
      this.out += ' ';
      this.entries(value, indent + 2, true, inFlow);
    } else if (value.kind === 'seq' && value.items.length > 0) {
      this.out += ' ';
      this.items(value, indent + 2, true, inFlow);
    } else {
      this.leaf(value, indent + 1, indent + 2, flow);
    }
  }

  private items(seq: SeqNode, indent: number, inline: boolean, flow: boolean): void {
    const margin = pad(indent);
    let first = inline;
    for (const item of seq.items) {
      if (!first) this.out += margin;
      first = false;
      this.out += '-';
      const inFlow = flow || (item.kind !== 'scalar' && item.flow);
      if (item.kind === 'map' && item.size > 0) {
        this.out += ' ';
        this.entries(item, indent + 2, true, inFlow);
      } else if (item.kind === 'seq' && item.items.length > 0) {
        this.out += ' ';
        this.items(item, indent + 2, true, inFlow);
      } else {
        this.leaf(item, indent + 1, indent + 2, flow);
      }
    }
  }

  /** A scalar or empty collection after an indicator that ends at `column`; -1 at the start of a document. */
  private leaf(node: Node, column: number, indent: number, flow: boolean): void {
    if (column >= 0) this.out += ' ';
    if (node.kind === 'map') this.out += '{}\n';
    else if (node.kind === 'seq') this.out += '[]\n';
    else {
      const text = scalarText(node, column + 1, indent, flow);
      // A literal block whose last line has its break brings the cursor to a new line by itself.
      this.out += isBreak(text.charCodeAt(text.length - 1)) ? text : `${text}\n`;
    }
  }
}

function scalarText(node: ScalarNode, column: number, indent: number, flow: boolean): string {
  switch (node.tag) {
    case '!!str':
      if (flow || node.style === 'double' || node.style === 'single') return stringText(node.value, column, indent);
      if (isUnreadableBlock(node.value, node.style)) {
        throw new YamlError('value', 'yaml: found a tab character where an indentation space is expected', node.line);
      }
      return stringText(node.style === 'folded' ? refolded(node.value) : node.value, column, indent);
    case '!!null':
      // An empty flow entry is quoted when kustomize first writes it, and so becomes a string.
      if (flow && node.value === '') return '""';
      break;
    case '!!int':
      if (isPlainDecimal(node.value)) return node.value;
      break;
    default:
  }
  const value = scalarToJson(node);
  switch (typeof value) {
    case 'string':
      return stringText(value, column, indent);
    case 'number':
      return formatThroughJson(value);
    default:
      return String(value);
  }
}

/** A decimal that is its own canonical form and that 64 bits hold. */
function isPlainDecimal(text: string): boolean {
  const length = text.length;
  if (length === 0 || length > 15) return false;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return length === 1 || text.charCodeAt(0) !== 48;
}

/** A string value, or the text of an explicit key. */
function stringText(value: string, column: number, indent: number): string {
  if (value === '') return '""';
  const text = throughJson(value);
  const styles = allowedStyles(text, false);
  if ((styles & MULTILINE) !== 0 && text.includes('\n')) {
    return (styles & BLOCK) !== 0 ? literalBlock(text, indent) : doubleQuoted(text, column, indent);
  }
  if (!readsAsString(text)) return doubleQuoted(text, column, indent);
  if ((styles & PLAIN_IN_BLOCK) !== 0) return plainText(text, column, indent);
  if ((styles & SINGLE_QUOTED) !== 0) return singleQuoted(text, column, indent);
  return doubleQuoted(text, column, indent);
}

const simpleKeys = new Map<string, string>();

/** The written form of a simple key. Manifests repeat a few hundred keys, so the answers are kept. */
function simpleKey(key: string): string {
  const known = simpleKeys.get(key);
  if (known !== undefined) return known;
  const written = writeSimpleKey(key);
  if (simpleKeys.size >= 4096) simpleKeys.clear();
  simpleKeys.set(key, written);
  return written;
}

function writeSimpleKey(text: string): string {
  if (text === '' || !readsAsString(text)) return doubleQuoted(text, 0, -1);
  const styles = allowedStyles(text, false);
  if ((styles & PLAIN_IN_BLOCK) !== 0) return text;
  if ((styles & SINGLE_QUOTED) !== 0 && (styles & MULTILINE) === 0) return singleQuoted(text, 0, -1);
  return doubleQuoted(text, 0, -1);
}

function isSimpleKey(text: string): boolean {
  if (text.length <= 32 && !/[\n\r\u0085\u2028\u2029]/.test(text)) return true;
  return Buffer.byteLength(text) <= LONGEST_SIMPLE_KEY && !/[\n\r\u0085\u2028\u2029]/.test(text);
}

function keyText(key: ScalarNode): string {
  // An empty key is quoted when kustomize first writes it.
  if (key.tag !== '!!str' && !(key.tag === '!!null' && key.value === '')) throw nonStringKey(key);
  return throughJson(key.value);
}

/** At the root every scalar key becomes the string that it is written as. */
function rootEntries(root: MapNode): MapNode {
  if (root.keyNodes.every((key) => key.tag === '!!str')) return root;
  const keys = root.keyNodes.map((key) => {
    if (isCollectionKey(key) || (key.tag === '!!null' && key.value !== '')) throw nonStringKey(key);
    return new ScalarNode(key.tag === '!!binary' ? String(scalarToJson(key)) : key.value, '!!str');
  });
  return new MapNode(root.flow, root.line, keys, [...root.values]);
}

function readsAsString(text: string): boolean {
  return resolvePlain(text, 'v2') === '!!str' && !isBase60(text);
}

const REFUSED = /[\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;

/**
 * What JSON and the reader behind it make of a string: JSON leaves U+0085 as it is, and to the reader that is a line
 * break to fold.
 */
function throughJson(text: string): string {
  if (REFUSED.test(text)) throw new YamlError('value', 'yaml: control characters are not allowed');
  if (!text.includes('\u0085')) return text;
  return text.replaceAll(/[ \u0085]+/g, (run) => {
    const breaks = run.replaceAll(' ', '').length;
    return breaks === 0 ? run : breaks === 1 ? ' ' : '\n'.repeat(breaks - 1);
  });
}

/** The order of keys in the output; undefined when they already stand in it. */
function sortedOrder(keys: readonly ScalarNode[]): number[] | undefined {
  let sorted = true;
  for (let i = 1; i < keys.length; i++) {
    if (compareKeys(keys[i - 1]?.value ?? '', keys[i]?.value ?? '') > 0) {
      sorted = false;
      break;
    }
  }
  if (sorted) return undefined;
  return Array.from(keys, (_, i) => i).toSorted((a, b) => compareKeys(keys[a]?.value ?? '', keys[b]?.value ?? ''));
}
