import { Entries } from './entries.ts';
import { cloneNode, MapNode, type Node, ScalarNode, type ScalarStyle, SeqNode } from './node.ts';
import { Scanner, type SourceComment } from './scanner.ts';
import {
  ALIAS,
  ANCHOR,
  BLOCK_END,
  BLOCK_ENTRY,
  BLOCK_MAPPING_START,
  BLOCK_SEQUENCE_START,
  DIRECTIVE,
  DOCUMENT_END,
  DOCUMENT_START,
  DOUBLE,
  FIRST_SCALAR,
  FLOW_ENTRY,
  FLOW_MAPPING_END,
  FLOW_MAPPING_START,
  FLOW_SEQUENCE_END,
  FLOW_SEQUENCE_START,
  FOLDED,
  KEY,
  LITERAL,
  PLAIN,
  SINGLE,
  STREAM_END,
  TAG,
  type Token,
  VALUE,
} from './tokens.ts';
import { type Dialect, parseBool, resolvePlain } from './scalars.ts';
import { SyntaxFailure } from './syntax-failure.ts';
import { parseTimestamp } from './timestamp.ts';

/** What a composer may use up; shared by the documents of one call. */
export interface Budget {
  nodesLeft: number;
  /** Of these, nodes that aliases and merge keys copy. */
  copiesLeft: number;
}

const STYLES: readonly ScalarStyle[] = stylesByToken();

function stylesByToken(): ScalarStyle[] {
  const styles: ScalarStyle[] = [];
  styles[PLAIN] = 'plain';
  styles[SINGLE] = 'single';
  styles[DOUBLE] = 'double';
  styles[LITERAL] = 'literal';
  styles[FOLDED] = 'folded';
  return styles;
}

/** v3 looks at these when the document is written, and then we do. */
const CHECKED_BY_V2: ReadonlySet<string> = new Set(['!!int', '!!float', '!!bool', '!!null']);

const YAML_PREFIX = 'tag:yaml.org,2002:';

/** Builds the first document of a text: libyaml's grammar, aliases and merge keys expanded. */
export class Composer {
  private readonly scanner: Scanner;
  private readonly dialect: Dialect;
  private readonly budget: Budget;
  private readonly anchors = new Map<string, Node>();
  /** Anchored collections that are not complete yet: an alias to one would contain itself. */
  private readonly open = new Set<Node>();
  private readonly handles = new Map<string, string>();
  /** The first thing that is well-formed and still wrong. */
  private refusal: SyntaxFailure | undefined;

  constructor(text: string, dialect: Dialect, maxDepth: number, budget: Budget, comments?: SourceComment[]) {
    this.scanner = new Scanner(text, dialect, maxDepth, comments);
    this.dialect = dialect;
    this.budget = budget;
  }

  /** The first document; undefined when the text has none. Whatever follows it is not looked at, as in go-yaml. */
  document(): Node | undefined {
    const { scanner } = this;
    let token = scanner.peek();
    if (token.type === STREAM_END) return undefined;
    if (token.type === DIRECTIVE || token.type === DOCUMENT_START || token.type === DOCUMENT_END) {
      // The stream's first document counts as implicit, so that an end marker before it is an empty document.
      this.directives();
      token = scanner.peek();
      if (token.type === DOCUMENT_START) {
        scanner.skip();
        token = scanner.peek();
      } else if (token.type !== DOCUMENT_END) {
        throw parserFailure('did not find expected <document start>', 0, token.line);
      }
    }
    const root = isBoundary(token.type) ? this.empty(token) : this.node(true, false);
    token = scanner.peek();
    // go-yaml composes the whole document before it looks at keys and merges.
    if (this.refusal !== undefined) throw this.refusal;
    return root;
  }

  private directives(): void {
    const { scanner } = this;
    let versions = 0;
    for (let token = scanner.peek(); token.type === DIRECTIVE; token = scanner.peek()) {
      if (token.value === 'YAML') {
        if (++versions > 1) throw parserFailure('found duplicate %YAML directive', 0, token.line);
        if (token.extra !== '1.1' && token.extra !== '1.2') {
          throw parserFailure('found incompatible YAML document', 0, token.line);
        }
      } else {
        const [handle = '', prefix = ''] = token.extra.split(' ');
        if (this.handles.has(handle)) throw parserFailure('found duplicate %TAG directive', 0, token.line);
        this.handles.set(handle, prefix);
      }
      scanner.skip();
    }
  }

  private spend(nodes: number): void {
    this.budget.nodesLeft -= nodes;
    if (this.budget.nodesLeft < 0) throw this.failure('document has too many nodes');
  }

  private spendCopies(nodes: number): void {
    this.spend(nodes);
    this.budget.copiesLeft -= nodes;
    if (this.budget.copiesLeft < 0) throw this.failure('document contains excessive aliasing');
  }

  private failure(problem: string): SyntaxFailure {
    return new SyntaxFailure('composer', problem, 0, this.scanner.peek().line);
  }

  private empty(token: Token): ScalarNode {
    this.spend(1);
    return new ScalarNode('', '!!null', 'plain', token.line + 1, token.column + 1);
  }

  private node(block: boolean, indentless: boolean): Node {
    const { scanner } = this;
    const token = scanner.peek();
    if (token.type >= FIRST_SCALAR) return this.scalar(token, '');
    if (token.type === ALIAS) return this.alias(token);
    let tag = '';
    let anchor = '';
    const { line, column } = token;
    if (token.type === ANCHOR || token.type === TAG) {
      for (let i = 0; i < 2; i++) {
        const property = scanner.peek();
        if (property.type === ANCHOR && anchor === '') anchor = property.value;
        else if (property.type === TAG && tag === '') tag = this.resolveTag(property, line);
        else break;
        scanner.skip();
      }
    }
    const built = this.content(block, indentless, tag, anchor);
    if (built !== undefined) return built;
    if (tag === '' && anchor === '') {
      throw parserFailure('did not find expected node content', line, scanner.peek().line);
    }
    this.spend(1);
    const node = new ScalarNode('', this.scalarTag(tag, true, ''), 'plain', line + 1, column + 1);
    if (anchor !== '') this.anchors.set(anchor, node);
    return node;
  }

  private content(block: boolean, indentless: boolean, tag: string, anchor: string): Node | undefined {
    const token = this.scanner.peek();
    if (token.type >= FIRST_SCALAR) {
      const node = this.scalar(token, tag);
      if (anchor !== '') this.anchors.set(anchor, node);
      return node;
    }
    switch (token.type) {
      case FLOW_SEQUENCE_START:
        return this.anchored(new SeqNode([], true, token.line + 1), anchor, this.flowSequence);
      case FLOW_MAPPING_START:
        return this.anchored(new MapNode(true, token.line + 1), anchor, this.flowMapping);
      case BLOCK_SEQUENCE_START:
        return block ? this.anchored(new SeqNode([], false, token.line + 1), anchor, this.blockSequence) : undefined;
      case BLOCK_MAPPING_START:
        return block ? this.anchored(new MapNode(false, token.line + 1), anchor, this.blockMapping) : undefined;
      case BLOCK_ENTRY:
        return indentless
          ? this.anchored(new SeqNode([], false, token.line + 1), anchor, this.indentlessSequence)
          : undefined;
      default:
        return undefined;
    }
  }

  private anchored<T extends Node>(node: T, anchor: string, fill: (this: Composer, node: T) => void): T {
    this.spend(1);
    if (anchor === '') {
      fill.call(this, node);
      return node;
    }
    this.anchors.set(anchor, node);
    this.open.add(node);
    fill.call(this, node);
    this.open.delete(node);
    return node;
  }

  private scalar(token: Token, tag: string): ScalarNode {
    this.spend(1);
    const { type, value } = token;
    const style = STYLES[type] ?? 'plain';
    const resolved = this.scalarTag(tag, type === PLAIN, value);
    // The words that only YAML 1.1 knows get the spelling that everything behind the reader knows.
    const text = resolved === '!!bool' && this.dialect === 'v2' ? normalBool(value) : value;
    const node = new ScalarNode(text, resolved, style, token.line + 1, token.column + 1);
    this.scanner.skip();
    return node;
  }

  /** A lone `!` makes a string in v2 and says nothing in v3; a timestamp stays the string it is in v2. */
  private scalarTag(tag: string, plain: boolean, text: string): string {
    const v2 = this.dialect === 'v2';
    if (v2 && CHECKED_BY_V2.has(tag) && resolvePlain(text, 'v2') === '!!str') {
      throw this.failure(`cannot decode !!str \`${text}\` as a ${tag}`);
    }
    if (tag !== '' && tag !== '!')
      return v2 && tag === '!!timestamp' && parseTimestamp(text) !== undefined ? '!!str' : tag;
    if (!plain || (v2 && tag === '!')) return '!!str';
    const resolved = resolvePlain(text, this.dialect);
    return v2 && resolved === '!!timestamp' ? '!!str' : resolved;
  }

  private alias(token: Token): Node {
    const name = token.value;
    const node = this.anchors.get(name);
    if (node === undefined) throw this.failure(`unknown anchor '${name}' referenced`);
    if (this.open.has(node)) throw this.failure(`anchor '${name}' value contains itself`);
    this.spendCopies(countNodes(node, this.budget.copiesLeft));
    this.scanner.skip();
    return cloneNode(node);
  }

  private resolveTag(token: Token, line: number): string {
    const { value, extra } = token;
    if (extra === '') return value.startsWith(YAML_PREFIX) ? `!!${value.slice(YAML_PREFIX.length)}` : value;
    const prefix = this.handles.get(extra) ?? (extra === '!' ? '!' : extra === '!!' ? YAML_PREFIX : undefined);
    if (prefix === undefined) {
      throw parserFailure('found undefined tag handle', line, token.line);
    }
    const tag = prefix + value;
    return tag.startsWith(YAML_PREFIX) ? `!!${tag.slice(YAML_PREFIX.length)}` : tag;
  }

  private blockSequence(seq: SeqNode): void {
    const { scanner } = this;
    const { line } = scanner.peek();
    scanner.skip();
    for (;;) {
      let token = scanner.peek();
      if (token.type === BLOCK_END) break;
      if (token.type !== BLOCK_ENTRY) {
        throw parserFailure("did not find expected '-' indicator", line, token.line);
      }
      scanner.skip();
      token = scanner.peek();
      const absent = token.type === BLOCK_ENTRY || token.type === BLOCK_END;
      seq.items.push(absent ? this.empty(token) : this.node(true, false));
    }
    scanner.skip();
  }

  private indentlessSequence(seq: SeqNode): void {
    const { scanner } = this;
    while (scanner.peek().type === BLOCK_ENTRY) {
      scanner.skip();
      const token = scanner.peek();
      const { type } = token;
      const absent = type === BLOCK_ENTRY || type === KEY || type === VALUE || type === BLOCK_END;
      seq.items.push(absent ? this.empty(token) : this.node(true, false));
    }
  }

  private blockMapping(map: MapNode): void {
    const { scanner } = this;
    const { line } = scanner.peek();
    const entries = new Entries(map, this.dialect, (failure) => {
      this.refusal ??= failure;
    });
    scanner.skip();
    for (;;) {
      let token = scanner.peek();
      if (token.type === BLOCK_END) break;
      if (token.type !== KEY) {
        throw parserFailure('did not find expected key', line, token.line);
      }
      scanner.skip();
      token = scanner.peek();
      const key = endsBlockEntry(token.type) ? this.empty(token) : this.node(true, true);
      token = scanner.peek();
      let value: Node;
      let aliased = false;
      if (token.type === VALUE) {
        scanner.skip();
        token = scanner.peek();
        aliased = token.type === ALIAS;
        value = endsBlockEntry(token.type) ? this.empty(token) : this.node(true, true);
      } else value = this.empty(token);
      entries.add(key, value, aliased);
    }
    scanner.skip();
    entries.finish((nodes) => this.spendCopies(nodes));
  }

  private flowSequence(seq: SeqNode): void {
    const { scanner } = this;
    const { line } = scanner.peek();
    scanner.skip();
    for (let first = true; ; first = false) {
      let token = scanner.peek();
      if (token.type === FLOW_SEQUENCE_END) break;
      if (!first) {
        if (token.type !== FLOW_ENTRY) {
          throw parserFailure("did not find expected ',' or ']'", line, token.line);
        }
        scanner.skip();
        token = scanner.peek();
        if (token.type === FLOW_SEQUENCE_END) break;
      }
      seq.items.push(token.type === KEY ? this.flowPair() : this.node(false, false));
    }
    scanner.skip();
  }

  /** `a: b` straight in a flow sequence: a mapping of one entry. */
  private flowPair(): MapNode {
    const { scanner } = this;
    const { line } = scanner.peek();
    this.spend(1);
    const map = new MapNode(true, line + 1);
    scanner.skip();
    let token = scanner.peek();
    const key =
      token.type === VALUE || token.type === FLOW_ENTRY || token.type === FLOW_SEQUENCE_END
        ? this.empty(token)
        : this.node(false, false);
    token = scanner.peek();
    let value: Node | undefined;
    if (token.type === VALUE) {
      scanner.skip();
      token = scanner.peek();
      if (token.type !== FLOW_ENTRY && token.type !== FLOW_SEQUENCE_END) value = this.node(false, false);
    }
    const entries = new Entries(map, this.dialect, (failure) => {
      this.refusal ??= failure;
    });
    entries.add(key, value ?? this.empty(token));
    entries.finish((nodes) => this.spendCopies(nodes));
    return map;
  }

  private flowMapping(map: MapNode): void {
    const { scanner } = this;
    const { line } = scanner.peek();
    const entries = new Entries(map, this.dialect, (failure) => {
      this.refusal ??= failure;
    });
    scanner.skip();
    for (let first = true; ; first = false) {
      let token = scanner.peek();
      if (token.type === FLOW_MAPPING_END) break;
      if (!first) {
        if (token.type !== FLOW_ENTRY) {
          throw parserFailure("did not find expected ',' or '}'", line, token.line);
        }
        scanner.skip();
        token = scanner.peek();
        if (token.type === FLOW_MAPPING_END) break;
      }
      this.flowEntry(entries);
    }
    scanner.skip();
    entries.finish((nodes) => this.spendCopies(nodes));
  }

  private flowEntry(entries: Entries): void {
    const { scanner } = this;
    if (scanner.peek().type !== KEY) {
      const key = this.node(false, false);
      entries.add(key, this.empty(scanner.peek()));
      return;
    }
    scanner.skip();
    let token = scanner.peek();
    const key = endsFlowEntry(token.type) ? this.empty(token) : this.node(false, false);
    token = scanner.peek();
    let value: Node | undefined;
    if (token.type === VALUE) {
      scanner.skip();
      token = scanner.peek();
      if (token.type !== FLOW_ENTRY && token.type !== FLOW_MAPPING_END) value = this.node(false, false);
    }
    entries.add(key, value ?? this.empty(token));
  }
}

function countNodes(node: Node, limit: number): number {
  if (node.kind === 'scalar') return 1;
  let count = 1;
  const children = node.kind === 'seq' ? node.items : node.values;
  for (const child of children) {
    count += node.kind === 'map' ? 1 : 0;
    count += countNodes(child, limit - count);
    if (count > limit) break;
  }
  return count;
}

function normalBool(text: string): string {
  return resolvePlain(text, 'v2') === '!!bool' ? String(parseBool(text)) : text;
}

function isBoundary(type: number): boolean {
  return type === DIRECTIVE || type === DOCUMENT_START || type === DOCUMENT_END || type === STREAM_END;
}

function endsBlockEntry(type: number): boolean {
  return type === KEY || type === VALUE || type === BLOCK_END;
}

function endsFlowEntry(type: number): boolean {
  return type === VALUE || type === FLOW_ENTRY || type === FLOW_MAPPING_END;
}

function parserFailure(problem: string, contextLine: number, problemLine: number): SyntaxFailure {
  return new SyntaxFailure('parser', problem, contextLine, problemLine);
}
