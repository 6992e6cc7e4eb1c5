import type { MapNode, Node, ScalarNode, SeqNode } from './node.ts';
import {
  allowedStyles,
  BLOCK,
  doubleQuoted,
  foldedBlock,
  isBreak,
  literalBlock,
  MULTILINE,
  PLAIN_IN_BLOCK,
  PLAIN_IN_FLOW,
  pad,
  SINGLE_QUOTED,
  singleQuoted,
} from './scalar-writer.ts';
import { resolvePlain } from './scalars.ts';

export interface PrintV3Options {
  /** Sequences inside mappings are indented by two; kustomize does so for its transformation annotations. */
  readonly indentSequences?: boolean;
}

/**
 * YAML as kustomize re-serialises it inside strings and annotations (go-yaml v3, two spaces): the order of keys, the
 * styles of scalars and flow collections are kept, nothing is folded. Tags that a reader would not guess are written.
 * Comments, anchors and `<<` of the text that was read are gone: kustomize keeps them.
 */
export function printV3(node: Node, options: PrintV3Options = {}): string {
  const printer = new PrinterV3(options.indentSequences ?? false);
  printer.value(node, 0, false, true);
  return printer.out;
}

const LONGEST_SIMPLE_KEY = 128;

class PrinterV3 {
  out = '';
  private readonly wide: boolean;

  constructor(wide: boolean) {
    this.wide = wide;
  }

  /**
   * Writes a value and ends its line.
   * @param indent of the collection's lines
   * @param inMapping behind `key:`, where a block collection starts on the next line
   * @param atStart nothing stands on the line yet
   */
  value(node: Node, indent: number, inMapping: boolean, atStart: boolean): void {
    if (node.kind === 'map' && node.size > 0 && !node.flow) {
      this.out += inMapping ? '\n' : atStart ? '' : ' ';
      this.entries(node, indent, !inMapping);
    } else if (node.kind === 'seq' && node.items.length > 0 && !node.flow) {
      this.out += inMapping ? '\n' : atStart ? '' : ' ';
      this.items(node, inMapping && !this.wide ? indent - 2 : indent, !inMapping);
    } else {
      const text = node.kind === 'scalar' ? blockScalar(node, indent) : flowText(node);
      this.out += `${atStart || text === '' ? '' : ' '}${text}${isBreak(text.charCodeAt(text.length - 1)) ? '' : '\n'}`;
    }
  }

  private entries(map: MapNode, indent: number, inline: boolean): void {
    for (let i = 0; i < map.size; i++) {
      const key = map.keyNodes[i];
      const value = map.values[i];
      if (key === undefined || value === undefined) continue;
      if (i > 0 || !inline) this.out += pad(indent);
      if (isSimpleKey(key.value)) {
        this.out += `${inlineScalar(key, false, true)}:`;
        this.value(value, indent + 2, true, false);
      } else {
        this.out += '?';
        this.value(key, indent + 2, false, false);
        this.out += `${pad(indent)}:`;
        this.value(value, indent + 2, false, false);
      }
    }
  }

  private items(seq: SeqNode, indent: number, inline: boolean): void {
    let first = inline;
    for (const item of seq.items) {
      if (!first) this.out += pad(indent);
      first = false;
      this.out += '-';
      this.value(item, indent + 2, false, false);
    }
  }
}

/** Whether a key needs no `?` before it. */
export function isSimpleKey(text: string): boolean {
  return Buffer.byteLength(text) <= LONGEST_SIMPLE_KEY && !/[\n\r\u0085\u2028\u2029]/.test(text);
}

function flowText(node: Node): string {
  switch (node.kind) {
    case 'scalar':
      return inlineScalar(node, true, false);
    case 'seq':
      return `[${node.items.map(flowText).join(', ')}]`;
    case 'map':
      return `{${node.keyNodes.map((key, i) => flowEntry(key, node.values[i])).join(', ')}}`;
  }
}

function flowEntry(key: ScalarNode, value: Node | undefined): string {
  const written = inlineScalar(key, true, true);
  const prefix = isSimpleKey(key.value) ? written : `? ${written} `;
  return value === undefined ? `${prefix}:` : `${prefix}: ${flowText(value)}`;
}

/**
 * A scalar where block styles may be used, indented by `indent`.
 * @param width of one level of the document
 */
export function blockScalar(node: ScalarNode, indent: number, width = 2): string {
  const { value, style } = node;
  const literal = style === 'literal' || (style === 'plain' && value.includes('\n'));
  const margin = Math.max(indent, width);
  if ((literal || style === 'folded') && (allowedStyles(value, true) & BLOCK) !== 0) {
    return tagPrefix(node) + (literal ? literalBlock(value, margin, width) : foldedBlock(value, margin, width));
  }
  return inlineScalar(node, false, false);
}

/** A scalar on one line. */
export function inlineScalar(node: ScalarNode, flow: boolean, key: boolean): string {
  const { value, style } = node;
  const styles = allowedStyles(value, true);
  const quoteForced = style === 'plain' && node.tag === '!!str' && resolvePlain(value, 'v3') !== '!!str';
  const multiline = (styles & MULTILINE) !== 0;
  const tag = tagPrefix(node);
  const double = style === 'double' || style === 'literal' || style === 'folded' || quoteForced;
  if (double || (multiline && (key || value.includes('\n')) && style === 'plain')) {
    return tag + doubleQuoted(value, 0, -1);
  }
  const plain = flow ? PLAIN_IN_FLOW : PLAIN_IN_BLOCK;
  const empty = value === '' && (flow || key);
  if (style === 'plain' && (styles & plain) !== 0 && !empty) return tag + value;
  if ((styles & SINGLE_QUOTED) !== 0 && !(key && multiline)) return tag + singleQuoted(value, 0, -1);
  return tag + doubleQuoted(value, 0, -1);
}

/** The tag, if a reader of the value alone would find another one. */
function tagPrefix(node: ScalarNode): string {
  if (node.tag === '!!str') return '';
  if (node.style === 'plain' && resolvePlain(node.value, 'v3') === node.tag) return '';
  return `${node.tag} `;
}
