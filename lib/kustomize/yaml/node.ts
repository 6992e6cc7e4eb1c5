/** How a scalar was written in its source. Decides nothing in `print`, only in `printV3`. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded';

/**
 * A scalar as the source spells it: `value` is the text after unquoting, `tag` what it means. A `!!int` with value
 * `0x1F` is 31; nothing converts it before it is printed or turned into JSON.
 */
export class ScalarNode {
  readonly kind = 'scalar';
  value: string;
  /** Short form: `!!str !!int !!float !!bool !!null !!timestamp !!binary`, or a custom tag. */
  tag: string;
  style: ScalarStyle;
  /** 1-based within the source document; 0 for a node that no source has. */
  line: number;
  column: number;

  constructor(value: string, tag: string, style: ScalarStyle = 'plain', line = 0, column = 0) {
    this.value = value;
    this.tag = tag;
    this.style = style;
    this.line = line;
    this.column = column;
  }
}

/** Above this many entries a map looks its keys up through an index. */
const INDEXED_FROM = 12;

/** Ordered mapping. Keys are looked up by their text alone, whatever their tag or quoting, as kustomize does. */
export class MapNode {
  readonly kind = 'map';
  /** Flow style in the source: an empty value inside it prints as `""`, not as null. */
  flow: boolean;
  line: number;
  /** Of the root of a document: lines of its file before it. Lines of nodes count from there, as in kustomize's messages. */
  linesBefore = 0;
  /** Parallel to `values`. Change them through the methods only: a large map keeps an index. */
  readonly keyNodes: readonly ScalarNode[];
  readonly values: readonly Node[];
  private index: Map<string, number> | undefined;

  constructor(flow = false, line = 0, keyNodes: ScalarNode[] = [], values: Node[] = []) {
    this.flow = flow;
    this.line = line;
    this.keyNodes = keyNodes;
    this.values = values;
    this.index = undefined;
  }

  get size(): number {
    return this.keyNodes.length;
  }

  get(key: string): Node | undefined {
    const at = this.indexOf(key);
    return at < 0 ? undefined : this.values[at];
  }

  has(key: string): boolean {
    return this.indexOf(key) >= 0;
  }

  /** Replaces the value, keeping the key's node and place, or appends a new string key. */
  set(key: string, value: Node): void {
    const at = this.indexOf(key);
    if (at < 0) this.append(scalar(key), value);
    else this.setAt(at, value);
  }

  setAt(at: number, value: Node): void {
    mutable(this.values)[at] = value;
  }

  /** Appends without looking for the key: for a caller that knows it is absent. */
  append(key: ScalarNode, value: Node): void {
    this.index?.set(key.value, this.keyNodes.length);
    mutable(this.keyNodes).push(key);
    mutable(this.values).push(value);
  }

  /** Puts an entry at a place, shifting the later ones. */
  insertAt(at: number, key: ScalarNode, value: Node): void {
    mutable(this.keyNodes).splice(at, 0, key);
    mutable(this.values).splice(at, 0, value);
    this.index = undefined;
  }

  delete(key: string): boolean {
    const at = this.indexOf(key);
    if (at < 0) return false;
    this.deleteAt(at);
    return true;
  }

  deleteAt(at: number): void {
    mutable(this.keyNodes).splice(at, 1);
    mutable(this.values).splice(at, 1);
    this.index = undefined;
  }

  /** Removes all entries. */
  clear(): void {
    mutable(this.keyNodes).length = 0;
    mutable(this.values).length = 0;
    this.index = undefined;
  }

  keys(): string[] {
    return this.keyNodes.map((key) => key.value);
  }

  *entries(): IterableIterator<[string, Node]> {
    for (let i = 0; i < this.keyNodes.length; i++) {
      const key = this.keyNodes[i];
      const value = this.values[i];
      if (key !== undefined && value !== undefined) yield [key.value, value];
    }
  }

  /** Place of the first entry with this key, or -1. */
  indexOf(key: string): number {
    const keys = this.keyNodes;
    if (keys.length >= INDEXED_FROM) return (this.index ?? this.buildIndex()).get(key) ?? -1;
    for (let i = 0; i < keys.length; i++) if (keys[i]?.value === key) return i;
    return -1;
  }

  private buildIndex(): Map<string, number> {
    const index = new Map<string, number>();
    for (let i = this.keyNodes.length - 1; i >= 0; i--) {
      const key = this.keyNodes[i];
      if (key !== undefined) index.set(key.value, i);
    }
    this.index = index;
    return index;
  }
}

export class SeqNode {
  readonly kind = 'seq';
  items: Node[];
  flow: boolean;
  line: number;

  constructor(items: Node[] = [], flow = false, line = 0) {
    this.items = items;
    this.flow = flow;
    this.line = line;
  }
}

export type Node = ScalarNode | MapNode | SeqNode;

/** A string scalar; `scalar('yes')` prints quoted. */
export function scalar(value: string): ScalarNode {
  return new ScalarNode(value, '!!str');
}

/** Makes one scalar mean what another does, in place: wherever the node is, it changes. */
export function assignScalar(target: ScalarNode, source: Pick<ScalarNode, 'value' | 'tag' | 'style'>): void {
  target.value = source.value;
  target.tag = source.tag;
  target.style = source.style;
}

export function cloneNode<T extends Node>(node: T): T;
export function cloneNode(node: Node): Node {
  switch (node.kind) {
    case 'scalar':
      return new ScalarNode(node.value, node.tag, node.style, node.line, node.column);
    case 'map': {
      const copy = new MapNode(
        node.flow,
        node.line,
        node.keyNodes.map((key) => cloneNode(key)),
        node.values.map((value) => cloneNode(value)),
      );
      copy.linesBefore = node.linesBefore;
      return copy;
    }
    case 'seq':
      return new SeqNode(
        node.items.map((item) => cloneNode(item)),
        node.flow,
        node.line,
      );
  }
}

/** Same kind, tag, value and structure; the order of map entries, styles and positions do not count. */
export function equalNodes(a: Node, b: Node): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case 'scalar':
      return b.kind === 'scalar' && a.value === b.value && a.tag === b.tag;
    case 'seq': {
      if (b.kind !== 'seq' || a.items.length !== b.items.length) return false;
      return a.items.every((item, i) => {
        const other = b.items[i];
        return other !== undefined && equalNodes(item, other);
      });
    }
    case 'map': {
      if (b.kind !== 'map' || a.size !== b.size) return false;
      return a.keyNodes.every((key, i) => {
        const mine = a.values[i];
        const theirs = b.get(key.value);
        return mine !== undefined && theirs !== undefined && equalNodes(mine, theirs);
      });
    }
  }
}

/** The class owns these arrays: it hands them out as readonly and alone writes to them. */
function mutable<T>(array: readonly T[]): T[] {
  return array as T[];
}
