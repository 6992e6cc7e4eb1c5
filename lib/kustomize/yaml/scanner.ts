import type { Dialect } from './scalars.ts';
import { SyntaxFailure } from './syntax-failure.ts';
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
  Token,
  VALUE,
} from './tokens.ts';

/** The place where an implicit key may have begun: it is one if a `:` follows in time. */
class SimpleKey {
  possible = false;
  required = false;
  tokenNumber = 0;
  position = 0;
  line = 0;
  column = 0;
}

/** `:` must follow an implicit key within this many characters. */
const LONGEST_KEY = 1024;
/** Consumed tokens are moved out of the queue once there are this many. */
const RECYCLE_AFTER = 256;

const BLANK = 1;
const BREAK = 2;
/** Ends a plain scalar, or may end it. */
const PLAIN_END = 4;
/** May not start a plain scalar. */
const INDICATOR = 8;
const HEX = 16;
const WORD = 32;
const URI = 64;

const CHARACTERS: Uint8Array = characters();

function characters(): Uint8Array {
  const table = new Uint8Array(128);
  const add = (text: string, bit: number): void => {
    for (const c of text) table[c.charCodeAt(0)] = (table[c.charCodeAt(0)] ?? 0) | bit;
  };
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  add(' \t', BLANK | PLAIN_END);
  add('\n\r', BREAK | PLAIN_END);
  add(':,?[]{}', PLAIN_END);
  add('-?:,[]{}#&*!|>\'"%@`', INDICATOR);
  add('0123456789abcdefABCDEF', HEX);
  add(`0123456789-_${letters}`, WORD | URI);
  add(";/?:@&=+$.!~*'()%,[]", URI);
  return table;
}

/** Where a comment stands in its source, from 1 as nodes count. */
export interface SourceComment {
  readonly line: number;
  readonly column: number;
  /** What follows the `#`. */
  readonly text: string;
  /** Whether something else precedes it on its line. */
  readonly inline: boolean;
}

/**
 * Cuts a text into the tokens of libyaml's scanner, whose grammar and error texts go-yaml has: a key is known to be one
 * only when its `:` comes, so tokens wait in a queue while an implicit key is possible.
 */
export class Scanner {
  private readonly text: string;
  private readonly end: number;
  private readonly lookahead: number;
  private readonly maxDepth: number;
  private pos = 0;
  private line = 0;
  private lineStart = 0;
  private flowLevel = 0;
  private indent = -1;
  private readonly indents: number[] = [];
  private keyAllowed = true;
  private readonly simpleKeys: SimpleKey[] = [new SimpleKey()];
  private readonly queue: Token[] = [];
  private head = 0;
  private tail = 0;
  private parsed = 0;
  private ended = false;
  private pendingKeyLevel = 0;
  private readonly comments: SourceComment[] | undefined;

  /** @param comments takes the comments of the text in their order */
  constructor(text: string, dialect: Dialect, maxDepth: number, comments?: SourceComment[]) {
    this.text = text;
    this.comments = comments;
    this.end = text.length;
    // go-yaml v3 looks two tokens further for comments: a later scanner error wins over an earlier parser error.
    this.lookahead = dialect === 'v3' ? 2 : 0;
    this.maxDepth = maxDepth;
  }

  /** The next token; it stays the next one until `skip`. */
  peek(): Token {
    while (this.tail - this.head <= this.lookahead || this.headMayBeKey()) {
      if (this.ended && this.tail > this.head) break;
      this.fetch();
    }
    const token = this.queue[this.head];
    if (token === undefined) throw new RangeError('token queue is empty');
    return token;
  }

  skip(): void {
    this.head++;
    this.parsed++;
    if (this.head >= RECYCLE_AFTER) this.recycle();
  }

  private recycle(): void {
    const { queue, head } = this;
    for (let i = head; i < this.tail; i++) {
      const token = queue[i];
      const spare = queue[i - head];
      if (token === undefined || spare === undefined) continue;
      queue[i - head] = token;
      queue[i] = spare;
    }
    this.tail -= head;
    this.head = 0;
  }

  private headMayBeKey(): boolean {
    const level = this.queue[this.head]?.keyLevel ?? 0;
    if (level === 0) return false;
    const key = this.simpleKeys[level - 1];
    return key !== undefined && key.tokenNumber === this.parsed && this.isValid(key);
  }

  private push(type: number, value: string, line: number, column: number): Token {
    const token = this.slot(this.tail++);
    token.type = type;
    token.value = value;
    token.extra = '';
    token.line = line;
    token.column = column;
    token.keyLevel = this.pendingKeyLevel;
    this.pendingKeyLevel = 0;
    return token;
  }

  private slot(at: number): Token {
    const known = this.queue[at];
    if (known !== undefined) return known;
    const token = new Token();
    this.queue.push(token);
    return token;
  }

  /** Puts a token before the one with this number. */
  private insert(tokenNumber: number, type: number, line: number, column: number): void {
    const token = this.push(type, '', line, column);
    const at = this.head + tokenNumber - this.parsed;
    for (let i = this.tail - 1; i > at; i--) {
      const before = this.queue[i - 1];
      if (before !== undefined) this.queue[i] = before;
    }
    this.queue[at] = token;
  }

  private fetch(): void {
    this.toNextToken();
    const column = this.pos - this.lineStart;
    if (this.indent > column) this.unrollIndent(column);
    if (this.pos >= this.end) {
      this.fetchStreamEnd();
      return;
    }
    const c = this.text.charCodeAt(this.pos);
    if (c >= 128 || ((CHARACTERS[c] ?? 0) & INDICATOR) === 0) {
      if (c === 46 && column === 0 && this.isMarker('...')) this.fetchMarker(DOCUMENT_END);
      else if (c === 9) this.cannotStart();
      else this.fetchPlain();
      return;
    }
    this.fetchIndicator(c, column);
  }

  private fetchIndicator(c: number, column: number): void {
    switch (c) {
      case 45:
        if (column === 0 && this.isMarker('---')) this.fetchMarker(DOCUMENT_START);
        else if (this.isBlankOrEnd(this.pos + 1)) this.fetchBlockEntry(column);
        else this.fetchPlain();
        return;
      case 37:
        if (column === 0) this.fetchDirective();
        else this.cannotStart();
        return;
      case 91:
        this.fetchFlowStart(FLOW_SEQUENCE_START, column);
        return;
      case 123:
        this.fetchFlowStart(FLOW_MAPPING_START, column);
        return;
      case 93:
        this.fetchFlowEnd(FLOW_SEQUENCE_END, column);
        return;
      case 125:
        this.fetchFlowEnd(FLOW_MAPPING_END, column);
        return;
      case 44:
        this.removeSimpleKey();
        this.keyAllowed = true;
        this.push(FLOW_ENTRY, '', this.line, column);
        this.pos++;
        return;
      case 63:
        if (this.flowLevel > 0 || this.isBlankOrEnd(this.pos + 1)) this.fetchKey(column);
        else this.fetchPlain();
        return;
      case 58:
        if (this.flowLevel > 0 || this.isBlankOrEnd(this.pos + 1)) this.fetchValue(column);
        else this.fetchPlain();
        return;
      case 42:
        this.fetchAnchor(ALIAS, column);
        return;
      case 38:
        this.fetchAnchor(ANCHOR, column);
        return;
      case 33:
        this.fetchTag(column);
        return;
      case 124:
      case 62:
        if (this.flowLevel > 0) this.cannotStart();
        else this.fetchBlockScalar(c === 124, column);
        return;
      case 39:
      case 34:
        this.fetchQuoted(c, column);
        return;
      default:
        this.cannotStart();
    }
  }

  private cannotStart(): never {
    this.fail(this.line, 'found character that cannot start any token');
  }

  /** @param contextLine 0-based line where the construct began */
  private fail(contextLine: number, problem: string): never {
    throw new SyntaxFailure('scanner', problem, contextLine, this.line);
  }

  /** Skips blanks, comments and breaks. A tab may not stand where indentation decides. */
  private toNextToken(): void {
    const { text, end } = this;
    for (;;) {
      let c = text.charCodeAt(this.pos);
      if (c === 0xfeff && this.pos === this.lineStart) {
        this.pos++;
        this.lineStart++;
        continue;
      }
      const tabs = this.flowLevel > 0 || !this.keyAllowed;
      while (c === 32 || (c === 9 && tabs)) c = text.charCodeAt(++this.pos);
      if (c === 35) this.skipComment();
      if (this.pos >= end || !this.skipBreak()) return;
      if (this.flowLevel === 0) this.keyAllowed = true;
    }
  }

  private skipComment(): void {
    const { text, end, pos, lineStart } = this;
    while (this.pos < end && !isBreak(text.charCodeAt(this.pos))) this.pos++;
    this.comments?.push({
      line: this.line + 1,
      column: pos - lineStart + 1,
      text: text.slice(pos + 1, this.pos),
      inline: text.slice(lineStart, pos).trim() !== '',
    });
  }

  private skipBreak(): boolean {
    const c = this.text.charCodeAt(this.pos);
    if (!isBreak(c)) return false;
    this.pos += c === 13 && this.text.charCodeAt(this.pos + 1) === 10 ? 2 : 1;
    this.line++;
    this.lineStart = this.pos;
    return true;
  }

  /** Skips a break; what it adds to a scalar. */
  private readBreak(): string {
    const c = this.text.charCodeAt(this.pos);
    this.skipBreak();
    return c === 0x2028 || c === 0x2029 ? String.fromCharCode(c) : '\n';
  }

  private isBlankOrEnd(at: number): boolean {
    if (at >= this.end) return true;
    const c = this.text.charCodeAt(at);
    return c === 32 || c === 9 || isBreak(c);
  }

  private isMarker(marker: string): boolean {
    return this.text.startsWith(marker, this.pos) && this.isBlankOrEnd(this.pos + 3);
  }

  private unrollIndent(column: number): void {
    if (this.flowLevel > 0) return;
    while (this.indent > column) {
      this.push(BLOCK_END, '', this.line, this.pos - this.lineStart);
      this.indent = this.indents.pop() ?? -1;
    }
  }

  private rollIndent(column: number, type: number, tokenNumber: number, line: number): void {
    if (this.flowLevel > 0 || this.indent >= column) return;
    this.indents.push(this.indent);
    this.indent = column;
    if (this.indents.length > this.maxDepth) {
      this.fail(this.line, `exceeded max depth of ${this.maxDepth}`);
    }
    if (tokenNumber < 0) this.push(type, '', line, column);
    else this.insert(tokenNumber, type, line, column);
  }

  private simpleKey(): SimpleKey {
    const key = this.simpleKeys[this.flowLevel];
    if (key === undefined) throw new RangeError('no simple key at this flow level');
    return key;
  }

  private isValid(key: SimpleKey): boolean {
    if (!key.possible) return false;
    if (key.line === this.line && key.position + LONGEST_KEY >= this.pos) return true;
    if (key.required) this.fail(key.line, "could not find expected ':'");
    key.possible = false;
    return false;
  }

  private saveSimpleKey(column: number): void {
    if (!this.keyAllowed) return;
    this.removeSimpleKey();
    const key = this.simpleKey();
    key.possible = true;
    key.required = this.flowLevel === 0 && this.indent === column;
    key.tokenNumber = this.parsed + this.tail - this.head;
    key.position = this.pos;
    key.line = this.line;
    key.column = column;
    this.pendingKeyLevel = this.flowLevel + 1;
  }

  private removeSimpleKey(): void {
    const key = this.simpleKey();
    if (key.possible && key.required) {
      this.fail(key.line, "could not find expected ':'");
    }
    key.possible = false;
  }

  private fetchStreamEnd(): void {
    if (this.pos !== this.lineStart) {
      this.line++;
      this.lineStart = this.pos;
    }
    this.unrollIndent(-1);
    this.removeSimpleKey();
    this.keyAllowed = false;
    this.ended = true;
    this.push(STREAM_END, '', this.line, 0);
  }

  private fetchMarker(type: number): void {
    this.unrollIndent(-1);
    this.removeSimpleKey();
    this.keyAllowed = false;
    this.push(type, '', this.line, 0);
    this.pos += 3;
  }

  private fetchDirective(): void {
    this.unrollIndent(-1);
    this.removeSimpleKey();
    this.keyAllowed = false;
    const { text, end, line } = this;
    const start = ++this.pos;
    while (this.pos < end && isWord(text.charCodeAt(this.pos))) this.pos++;
    const name = text.slice(start, this.pos);
    if (name === '') this.fail(line, 'could not find expected directive name');
    if (!this.isBlankOrEnd(this.pos)) {
      this.fail(line, 'found unexpected non-alphabetical character');
    }
    if (name !== 'YAML' && name !== 'TAG') {
      this.fail(line, 'found unknown directive name');
    }
    const from = this.pos;
    this.skipComment();
    const rest = text.slice(from, this.pos);
    const match = name === 'YAML' ? /^[ \t]+([0-9]+\.[0-9]+)[ \t]*(#.*)?$/.exec(rest) : TAG_DIRECTIVE.exec(rest);
    if (match === null) this.fail(line, 'did not find expected comment or line break');
    const token = this.push(DIRECTIVE, name, line, 0);
    token.extra = name === 'YAML' ? (match[1] ?? '') : `${match[1]} ${match[2]}`;
  }

  private fetchFlowStart(type: number, column: number): void {
    this.saveSimpleKey(column);
    this.push(type, '', this.line, column);
    this.flowLevel++;
    if (this.flowLevel > this.maxDepth) this.fail(this.line, `exceeded max depth of ${this.maxDepth}`);
    const key = this.simpleKeys[this.flowLevel];
    if (key === undefined) this.simpleKeys.push(new SimpleKey());
    else key.possible = false;
    this.keyAllowed = true;
    this.pos++;
  }

  private fetchFlowEnd(type: number, column: number): void {
    this.removeSimpleKey();
    if (this.flowLevel > 0) this.flowLevel--;
    this.keyAllowed = false;
    this.push(type, '', this.line, column);
    this.pos++;
  }

  private fetchBlockEntry(column: number): void {
    if (this.flowLevel === 0) {
      if (!this.keyAllowed) this.fail(this.line, 'block sequence entries are not allowed in this context');
      this.rollIndent(column, BLOCK_SEQUENCE_START, -1, this.line);
    }
    this.removeSimpleKey();
    this.keyAllowed = true;
    this.push(BLOCK_ENTRY, '', this.line, column);
    this.pos++;
  }

  private fetchKey(column: number): void {
    if (this.flowLevel === 0) {
      if (!this.keyAllowed) this.fail(this.line, 'mapping keys are not allowed in this context');
      this.rollIndent(column, BLOCK_MAPPING_START, -1, this.line);
    }
    this.removeSimpleKey();
    this.keyAllowed = this.flowLevel === 0;
    this.push(KEY, '', this.line, column);
    this.pos++;
  }

  private fetchValue(column: number): void {
    const key = this.simpleKey();
    if (this.isValid(key)) {
      this.insert(key.tokenNumber, KEY, key.line, key.column);
      this.rollIndent(key.column, BLOCK_MAPPING_START, key.tokenNumber, key.line);
      key.possible = false;
      this.keyAllowed = false;
    } else {
      if (this.flowLevel === 0) {
        if (!this.keyAllowed) this.fail(this.line, 'mapping values are not allowed in this context');
        this.rollIndent(column, BLOCK_MAPPING_START, -1, this.line);
      }
      this.keyAllowed = this.flowLevel === 0;
    }
    this.push(VALUE, '', this.line, column);
    this.pos++;
  }

  private fetchAnchor(type: number, column: number): void {
    this.saveSimpleKey(column);
    this.keyAllowed = false;
    const { text } = this;
    const start = ++this.pos;
    while (this.pos < this.end && isWord(text.charCodeAt(this.pos))) this.pos++;
    const ends = this.isBlankOrEnd(this.pos) || '?:,]}%@`'.includes(text.charAt(this.pos));
    if (this.pos === start || !ends) {
      this.fail(this.line, 'did not find expected alphabetic or numeric character');
    }
    this.push(type, text.slice(start, this.pos), this.line, column);
  }

  private fetchTag(column: number): void {
    this.saveSimpleKey(column);
    this.keyAllowed = false;
    const { text } = this;
    const start = this.pos;
    let handle = '';
    let suffix: string;
    if (text.startsWith('!<', start)) {
      this.pos += 2;
      suffix = this.scanUri(this.pos);
      if (text.charCodeAt(this.pos) !== 62) {
        this.fail(this.line, "did not find the expected '>'");
      }
      this.pos++;
    } else {
      this.pos++;
      while (this.pos < this.end && isWord(text.charCodeAt(this.pos))) this.pos++;
      if (text.charCodeAt(this.pos) === 33) {
        handle = text.slice(start, ++this.pos);
        suffix = this.scanUri(this.pos);
      } else {
        suffix = this.scanUri(start + 1);
        if (suffix === '') suffix = '!';
        else handle = '!';
      }
    }
    if (!this.isBlankOrEnd(this.pos) && !(this.flowLevel > 0 && text.charCodeAt(this.pos) === 44)) {
      this.fail(this.line, 'did not find expected whitespace or line break');
    }
    const token = this.push(TAG, suffix, this.line, column);
    token.extra = handle;
  }

  private scanUri(start: number): string {
    const { text, end } = this;
    while (this.pos < end) {
      const c = text.charCodeAt(this.pos);
      if (c >= 128 || ((CHARACTERS[c] ?? 0) & URI) === 0) break;
      if (this.flowLevel > 0 && (c === 44 || c === 91 || c === 93)) break;
      this.pos++;
    }
    const uri = text.slice(start, this.pos);
    try {
      return uri.includes('%') ? decodeURIComponent(uri) : uri;
    } catch {
      this.fail(this.line, 'did not find URI escaped octet');
    }
  }

  private fetchPlain(): void {
    const { text, end } = this;
    const column = this.pos - this.lineStart;
    const line = this.line;
    this.saveSimpleKey(column);
    this.keyAllowed = false;
    const start = this.pos;
    const last = this.endOfPlainLine();
    let value = text.slice(start, last);
    if (this.pos < end && isBreak(text.charCodeAt(this.pos))) value = this.scanPlainRest(value, line);
    this.push(PLAIN, value, line, column);
  }

  /** Moves behind the plain text of this line and the blanks that follow it; returns where the text ends. */
  private endOfPlainLine(): number {
    const { text, end } = this;
    const flow = this.flowLevel > 0;
    let pos = this.pos;
    let last = pos;
    while (pos < end) {
      const c = text.charCodeAt(pos);
      if (c < 128) {
        const bits = CHARACTERS[c] ?? 0;
        if ((bits & PLAIN_END) === 0) {
          last = ++pos;
          continue;
        }
        if ((bits & BREAK) !== 0) break;
        if ((bits & BLANK) !== 0) {
          pos++;
          if (text.charCodeAt(pos) === 35) break;
          continue;
        }
        if (c === 58 ? this.isBlankOrEnd(pos + 1) : flow) break;
      } else if (isBreak(c)) break;
      last = ++pos;
    }
    this.pos = pos;
    return last;
  }

  /** The lines that continue a plain scalar, from the break after its first. */
  private scanPlainRest(first: string, startLine: number): string {
    const { text, end } = this;
    const indent = this.indent + 1;
    let value = first;
    for (;;) {
      let breaks = '';
      let leading = '';
      while (this.pos < end) {
        const c = text.charCodeAt(this.pos);
        if (c === 32 || c === 9) {
          if (c === 9 && this.pos - this.lineStart < indent) {
            this.fail(startLine, 'found a tab character that violates indentation');
          }
          this.pos++;
        } else if (isBreak(c)) {
          if (leading === '') leading = this.readBreak();
          else breaks += this.readBreak();
        } else break;
      }
      this.keyAllowed = true;
      if (this.pos >= end) return value;
      const column = this.pos - this.lineStart;
      if (this.flowLevel === 0 && column < indent) return value;
      if (column === 0 && (this.isMarker('---') || this.isMarker('...'))) return value;
      const c = text.charCodeAt(this.pos);
      if (c === 35) return value;
      const start = this.pos;
      const last = this.endOfPlainLine();
      if (last === start) return value;
      this.keyAllowed = false;
      value += (leading === '\n' ? (breaks === '' ? ' ' : breaks) : leading + breaks) + text.slice(start, last);
      if (this.pos >= end || !isBreak(text.charCodeAt(this.pos))) return value;
    }
  }

  private fetchQuoted(quote: number, column: number): void {
    this.saveSimpleKey(column);
    this.keyAllowed = false;
    const line = this.line;
    const start = this.pos + 1;
    const { text } = this;
    let simple = start;
    // Most quoted scalars end on their line and contain nothing to unescape.
    while (simple < this.end) {
      const c = text.charCodeAt(simple);
      if (c === quote) break;
      if (c === 92 || c === 10 || c === 13 || c >= 128) break;
      simple++;
    }
    const next = text.charCodeAt(simple);
    if (next === quote && !(quote === 39 && text.charCodeAt(simple + 1) === 39)) {
      this.pos = simple + 1;
      this.push(quote === 39 ? SINGLE : DOUBLE, text.slice(start, simple), line, column);
      return;
    }
    this.pos = start;
    const value = this.scanQuoted(quote, line);
    this.push(quote === 39 ? SINGLE : DOUBLE, value, line, column);
  }

  private scanQuoted(quote: number, startLine: number): string {
    const { text, end } = this;
    let value = '';
    for (;;) {
      if (this.pos === this.lineStart && (this.isMarker('---') || this.isMarker('...'))) {
        this.fail(startLine, 'found unexpected document indicator');
      }
      if (this.pos >= end) this.fail(startLine, 'found unexpected end of stream');
      let folding = false;
      let from = this.pos;
      for (; this.pos < end; this.pos++) {
        const c = text.charCodeAt(this.pos);
        if (c === quote) {
          if (quote === 34 || text.charCodeAt(this.pos + 1) !== 39) break;
          value += text.slice(from, this.pos + 1);
          from = ++this.pos + 1;
        } else if (c === 92 && quote === 34) {
          value += text.slice(from, this.pos);
          this.pos++;
          if (this.pos < end && isBreak(text.charCodeAt(this.pos))) {
            this.skipBreak();
            folding = true;
            from = this.pos;
            break;
          }
          value += this.scanEscape(startLine);
          from = this.pos + 1;
        } else if (c === 32 || c === 9 || isBreak(c)) break;
      }
      value += text.slice(from, this.pos);
      if (this.pos < end && text.charCodeAt(this.pos) === quote && !folding) break;
      value += this.scanQuotedBlanks(folding);
    }
    this.pos++;
    return value;
  }

  /** Blanks and breaks inside quotes: kept on one line, folded over several. */
  private scanQuotedBlanks(afterEscapedBreak: boolean): string {
    const { text, end } = this;
    const from = this.pos;
    let folding = afterEscapedBreak;
    let leading = '';
    let breaks = '';
    while (this.pos < end) {
      const c = text.charCodeAt(this.pos);
      if (c === 32 || c === 9) this.pos++;
      else if (!isBreak(c)) break;
      else if (folding) breaks += this.readBreak();
      else {
        leading = this.readBreak();
        folding = true;
      }
    }
    if (!folding) return text.slice(from, this.pos);
    return leading === '\n' ? (breaks === '' ? ' ' : breaks) : leading + breaks;
  }

  /** The character behind a backslash; leaves the position on the escape's last character. */
  private scanEscape(startLine: number): string {
    const c = this.text.charAt(this.pos);
    const simple = ESCAPES.get(c);
    if (simple !== undefined) return simple;
    const length = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0;
    if (length === 0) this.fail(startLine, 'found unknown escape character');
    const hex = this.text.slice(this.pos + 1, this.pos + 1 + length);
    if (hex.length < length || !/^[0-9a-fA-F]+$/.test(hex)) {
      this.fail(startLine, 'did not find expected hexdecimal number');
    }
    const code = Number.parseInt(hex, 16);
    if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
      this.fail(startLine, 'found invalid Unicode character escape code');
    }
    this.pos += length;
    return String.fromCodePoint(code);
  }

  private fetchBlockScalar(literal: boolean, column: number): void {
    this.removeSimpleKey();
    this.keyAllowed = true;
    const line = this.line;
    const header = this.scanBlockHeader(line);
    let indent = header.increment === 0 ? 0 : Math.max(this.indent, 0) + header.increment;
    let trailing = '';
    const breaks = (): void => {
      const scanned = this.scanBlockBreaks(indent, line);
      indent = scanned.indent;
      trailing = scanned.breaks;
    };
    breaks();
    const { text, end } = this;
    let value = '';
    let leading = '';
    let leadingBlank = false;
    while (this.pos < end && this.pos - this.lineStart === indent) {
      const first = text.charCodeAt(this.pos);
      const blank = first === 32 || first === 9;
      if (!literal && leading === '\n' && !leadingBlank && !blank) {
        if (trailing === '') value += ' ';
      } else value += leading;
      value += trailing;
      leadingBlank = blank;
      const from = this.pos;
      this.skipToBreak();
      value += text.slice(from, this.pos);
      leading = this.pos < end ? this.readBreak() : '';
      breaks();
    }
    if (header.chomping >= 0) value += leading;
    if (header.chomping > 0) value += trailing;
    this.push(literal ? LITERAL : FOLDED, value, line, column);
  }

  private skipToBreak(): void {
    const { text, end } = this;
    let { pos } = this;
    while (pos < end) {
      const c = text.charCodeAt(pos);
      if (c === 10 || (c !== 32 && isBreak(c))) break;
      pos++;
    }
    this.pos = pos;
  }

  private scanBlockHeader(line: number): { chomping: number; increment: number } {
    const { text } = this;
    let chomping = 0;
    let increment = 0;
    this.pos++;
    for (let part = 0; part < 2; part++) {
      const c = text.charCodeAt(this.pos);
      if ((c === 43 || c === 45) && chomping === 0) chomping = c === 43 ? 1 : -1;
      else if (c >= 48 && c <= 57 && increment === 0) {
        if (c === 48) this.fail(line, 'found an indentation indicator equal to 0');
        increment = c - 48;
      } else break;
      this.pos++;
    }
    while (text.charCodeAt(this.pos) === 32 || text.charCodeAt(this.pos) === 9) this.pos++;
    if (text.charCodeAt(this.pos) === 35) this.skipComment();
    if (this.pos < this.end && !this.skipBreak()) {
      this.fail(line, 'did not find expected comment or line break');
    }
    return { chomping, increment };
  }

  /** Indentation and empty lines before the next line of a block scalar; finds the indentation if it is 0. */
  private scanBlockBreaks(indent: number, startLine: number): { indent: number; breaks: string } {
    const { text } = this;
    let deepest = 0;
    let breaks = '';
    for (;;) {
      while ((indent === 0 || this.pos - this.lineStart < indent) && text.charCodeAt(this.pos) === 32) this.pos++;
      const column = this.pos - this.lineStart;
      if (column > deepest) deepest = column;
      if ((indent === 0 || column < indent) && text.charCodeAt(this.pos) === 9) {
        this.fail(startLine, 'found a tab character where an indentation space is expected');
      }
      if (this.pos >= this.end || !isBreak(text.charCodeAt(this.pos))) break;
      breaks += this.readBreak();
    }
    return { indent: indent === 0 ? Math.max(deepest, this.indent + 1, 1) : indent, breaks };
  }
}

const TAG_DIRECTIVE = /^[ \t]+(!(?:[\w-]*!)?)[ \t]+(\S+)[ \t]*(#.*)?$/;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\u0007'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\u000b'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\u001b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['N', '\u0085'],
  ['_', '\u00a0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);

function isBreak(c: number): boolean {
  return c === 10 || c === 13 || (c >= 0x85 && (c === 0x85 || c === 0x2028 || c === 0x2029));
}

function isWord(c: number): boolean {
  return c < 128 && ((CHARACTERS[c] ?? 0) & WORD) !== 0;
}
