import { type MapNode, type Node, type ScalarNode, SeqNode, type SourceComment, toJson } from '#kustomize';
import { SopsError } from '../error.ts';
import { Branch, Comment, type Entry, List, maxDepth, type Scalar, Timestamp, type Value } from '../tree.ts';

/**
 * Turns the nodes of one document into a tree, with its comments where SOPS has them: those on lines of their own before the
 * entry that follows, or at the end of the branch that they are indented like.
 */
export function treeOf(root: MapNode, comments: readonly SourceComment[]): Branch {
  return new TreeReader(comments).branch(root, 0, Number.POSITIVE_INFINITY, 0);
}

class TreeReader {
  readonly #comments: readonly SourceComment[];
  #next = 0;

  constructor(comments: readonly SourceComment[]) {
    this.#comments = comments;
  }

  /**
   * @param outer column of the branch around this one
   * @param end line of what follows this branch
   */
  branch(node: MapNode, outer: number, end: number, depth: number): Branch {
    checkDepth(depth);
    const items: (Entry | Comment)[] = [];
    for (const [at, key] of node.keyNodes.entries()) {
      const value = node.values[at];
      if (value === undefined) continue;
      if (key.tag !== '!!str') {
        throw new SopsError(
          'malformed',
          `tree contains a non-string key: ${key.value}. Only string keys are supported`,
        );
      }
      const following = node.keyNodes[at + 1]?.line ?? end;
      items.push(...this.#before(key.line), ...this.#inline(value));
      items.push({ key: key.value, value: this.#value(value, key.column, following, depth) });
    }
    const column = node.keyNodes[0]?.column ?? outer + 1;
    return new Branch([...items, ...this.#trailing(column, outer, end)]);
  }

  #list(node: SeqNode, outer: number, end: number, depth: number): List {
    checkDepth(depth);
    const items: (Value | Comment)[] = [];
    for (const [at, item] of node.items.entries()) {
      const next = node.items[at + 1];
      const following = next === undefined ? end : startOf(next);
      items.push(...this.#before(startOf(item)), ...this.#inline(item));
      items.push(this.#value(item, columnOf(node), following, depth));
    }
    return new List([...items, ...this.#trailing(columnOf(node), outer, end)]);
  }

  #value(node: Node, outer: number, end: number, depth: number): Value {
    switch (node.kind) {
      case 'scalar':
        return scalarOf(node);
      case 'map':
        return this.branch(node, outer, end, depth + 1);
      case 'seq':
        return this.#list(node, outer, end, depth + 1);
    }
  }

  #before(line: number): Comment[] {
    return this.#take((comment) => comment.line < line);
  }

  /** Behind a scalar on its line. */
  #inline(node: Node): Comment[] {
    return node.kind === 'scalar' ? this.#take((comment) => comment.line === node.line && comment.inline) : [];
  }

  #trailing(column: number, outer: number, end: number): Comment[] {
    return this.#take((comment) => comment.line < end && comment.column >= column && comment.column > outer);
  }

  #take(wanted: (comment: SourceComment) => boolean): Comment[] {
    const taken: Comment[] = [];
    for (let next = this.#comments[this.#next]; next !== undefined && wanted(next); ) {
      taken.push(new Comment(next.text, next.inline));
      next = this.#comments[++this.#next];
    }
    return taken;
  }
}

function checkDepth(depth: number): void {
  if (depth > maxDepth) throw new SopsError('malformed', 'it is nested too deeply');
}

/** The line of an item's first token behind the dash. */
function startOf(node: Node): number {
  return node.kind === 'map' ? (node.keyNodes[0]?.line ?? node.line) : node.line;
}

/** Where the dashes stand, as far as items tell: two before what follows them. */
function columnOf(node: SeqNode): number {
  const [first] = node.items;
  if (first === undefined) return 0;
  const column =
    first.kind === 'scalar'
      ? first.column
      : first.kind === 'map'
        ? (first.keyNodes[0]?.column ?? 0)
        : columnOf(first instanceof SeqNode ? first : new SeqNode());
  return Math.max(0, column - 2);
}

function scalarOf(node: ScalarNode): Scalar {
  switch (node.tag) {
    case '!!null':
      return null;
    case '!!float':
      return floatOf(node.value);
    case '!!int':
    case '!!bool':
    case '!!timestamp':
    case '!!binary':
      return typed(node);
    default:
      return node.value;
  }
}

function typed(node: ScalarNode): Scalar {
  const value = toJson(node);
  if (typeof value === 'number') return BigInt(value);
  if (typeof value === 'string' && node.tag === '!!timestamp') return new Timestamp(value);
  return typeof value === 'object' ? null : value;
}

function floatOf(text: string): number {
  const word = text.toLowerCase();
  if (word === '.nan') return Number.NaN;
  if (word.endsWith('.inf')) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text.replaceAll('_', ''));
}
