import { CelUint } from '../value.ts';
import type { Call, ListItem, MapEntry, Node } from './ast.ts';
import { tokens, type Token } from './lexer.ts';
import { expandMacro } from './macros.ts';
import { SyntaxProblem } from './problem.ts';
import { isBounded } from './size.ts';

/** Code points, as in cel-go. */
const maxLength = 100_000;
/** Nesting and the length of chains; with cel-go's number and words. */
const maxDepth = 250;
const reserved = new Set(
  'as break const continue else false for function if import let loop package namespace null return true var void while'.split(
    ' ',
  ),
);
const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;
const levels: readonly (readonly string[])[] = [
  ['<', '<=', '>=', '>', '==', '!=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];
const expected =
  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** @throws SyntaxProblem */
export function parse(text: string): Node {
  const size = text.length > maxLength ? [...text].length : 0;
  if (size > maxLength)
    throw new SyntaxProblem(0, `expression code point size exceeds limit: size: ${size}, limit ${maxLength}`);
  const parser = new Parser(tokens(text));
  const node = parser.expression();
  parser.end();
  if (!isBounded(node)) throw tooDeep(0);
  return node;
}

/** Recursive descent over CEL's grammar; macros are expanded as they are met. */
class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  end(): void {
    if (this.#token.kind !== 'end') throw this.#unexpected('extraneous');
  }

  expression(): Node {
    return this.#nested(() => {
      const condition = this.#or();
      const at = this.#take('?');
      if (at === undefined) return condition;
      const yes = this.#or();
      this.#expect(':');
      return operator('_?_:_', at, [condition, yes, this.expression()]);
    });
  }

  #nested<R>(work: () => R): R {
    if (this.#depth >= maxDepth) throw tooDeep(this.#token.at);
    this.#depth += 1;
    try {
      return work();
    } finally {
      this.#depth -= 1;
    }
  }

  #or(): Node {
    return this.#logical('||', () => this.#logical('&&', () => this.#binary(0)));
  }

  /** Chains of `&&` and `||` become balanced trees: the order in which they are tied does not change what they mean. */
  #logical(sign: '&&' | '||', operand: () => Node): Node {
    const operands = [operand()];
    const places: number[] = [];
    for (let at = this.#take(sign); at !== undefined; at = this.#take(sign)) {
      places.push(at);
      operands.push(operand());
    }
    return balanced(`_${sign}_`, operands, places);
  }

  #binary(level: number): Node {
    const signs = levels[level];
    if (signs === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (let length = 1; ; length += 1) {
      const { kind, text, at } = this.#token;
      if (kind !== 'symbol' || !signs.includes(text)) return left;
      if (length > maxDepth) throw tooDeep(at);
      this.#next += 1;
      left = operator(text === 'in' ? '@in' : `_${text}_`, at, [left, this.#binary(level + 1)]);
    }
  }

  #unary(): Node {
    const { text, at, kind } = this.#token;
    if (kind !== 'symbol' || (text !== '!' && text !== '-')) return this.#member();
    let count = 0;
    while (this.#token.kind === 'symbol' && this.#token.text === text) {
      this.#next += 1;
      count += 1;
    }
    const literal = text === '-' && count === 1 ? this.#negativeLiteral(at) : undefined;
    if (literal !== undefined) return this.#members(literal);
    const sign = text === '!' ? this.#take('-') : undefined;
    const negative = sign === undefined ? undefined : this.#negativeLiteral(sign);
    if (sign !== undefined && negative === undefined) throw this.#unexpected('extraneous');
    const operand = negative === undefined ? this.#member() : this.#members(negative);
    return count % 2 === 0 ? operand : operator(text === '!' ? '!_' : '-_', at, [operand]);
  }

  /** The sign of `-9223372036854775808` is part of the number: without it, it is out of range. */
  #negativeLiteral(at: number): Node | undefined {
    const token = this.#token;
    if (token.kind !== 'constant' || (typeof token.value !== 'bigint' && typeof token.value !== 'number'))
      return undefined;
    this.#next += 1;
    if (typeof token.value === 'bigint' && token.value > maxInt + 1n)
      throw new SyntaxProblem(at, 'invalid int literal');
    return { kind: 'constant', at, value: -token.value };
  }

  #member(): Node {
    return this.#members(this.#primary());
  }

  #members(primary: Node): Node {
    let node = primary;
    for (let length = 1; ; length += 1) {
      const { at } = this.#token;
      if (length > maxDepth) throw tooDeep(at);
      if (this.#take('.') !== undefined) node = this.#field(node, at);
      else if (this.#take('[') !== undefined) node = this.#index(node, at);
      else return node;
    }
  }

  #field(operand: Node, at: number): Node {
    const optional = this.#take('?') !== undefined;
    const token = this.#token;
    if (token.kind !== 'identifier')
      throw new SyntaxProblem(
        token.at,
        `Syntax error: no viable alternative at input '.${token.kind === 'end' ? '' : token.text}'`,
      );
    this.#next += 1;
    if (optional) {
      return operator('_?._', at, [operand, { kind: 'constant', at: token.at, value: token.text }]);
    }
    const open = this.#take('(');
    if (open === undefined) return { kind: 'select', at, operand, field: token.text, test: false };
    return this.#called({ kind: 'call', at: open, name: token.text, target: operand, args: this.#arguments(')') });
  }

  #index(operand: Node, at: number): Node {
    const name = this.#take('?') === undefined ? '_[_]' : '_[?_]';
    const index = this.expression();
    this.#expect(']');
    return operator(name, at, [operand, index]);
  }

  #called(call: Call): Node {
    return expandMacro(call) ?? call;
  }

  #primary(): Node {
    const token = this.#token;
    switch (token.kind) {
      case 'constant':
        this.#next += 1;
        if (typeof token.value === 'bigint' && token.value > maxInt)
          throw new SyntaxProblem(token.at, 'invalid int literal');
        if (token.value instanceof CelUint && token.value.value > maxUint)
          throw new SyntaxProblem(token.at, 'invalid uint literal');
        return { kind: 'constant', at: token.at, value: token.value };
      case 'identifier':
        return this.#named('');
      case 'symbol':
        return this.#bracketed(token);
      case 'end':
        throw this.#unexpected('mismatched');
    }
  }

  #bracketed({ text, at }: Token): Node {
    this.#next += 1;
    switch (text) {
      case '(': {
        const inner = this.expression();
        this.#expect(')');
        return inner;
      }
      case '[':
        return { kind: 'list', at, items: this.#items() };
      case '{':
        return { kind: 'map', at, entries: this.#entries() };
      case '.':
        if (this.#token.kind === 'identifier') return this.#named('.');
    }
    this.#next -= 1;
    throw this.#unexpected('extraneous');
  }

  /** A variable, a call, or a message literal such as `google.protobuf.Struct{}`. */
  #named(dot: '' | '.'): Node {
    const { at, text: name } = this.#token;
    this.#next += 1;
    if (reserved.has(name)) throw new SyntaxProblem(at, `reserved identifier: ${name}`);
    const open = this.#take('(');
    if (open !== undefined) {
      return this.#called({ kind: 'call', at: open, name, target: undefined, args: this.#arguments(')') });
    }
    return this.#message(name) ?? { kind: 'identifier', at, name: dot + name };
  }

  #message(first: string): Node | undefined {
    let name = first;
    let next = this.#next;
    for (;;) {
      const [dot, field] = [this.#tokens[next], this.#tokens[next + 1]];
      if (dot?.text !== '.' || field?.kind !== 'identifier') break;
      name += `.${field.text}`;
      next += 2;
    }
    const brace = this.#tokens[next];
    if (brace?.kind !== 'symbol' || brace.text !== '{') return undefined;
    this.#next = next + 1;
    while (this.#take('}') === undefined) {
      this.#take('?');
      if (this.#token.kind !== 'identifier') throw this.#unexpected('mismatched');
      this.#next += 1;
      this.#expect(':');
      this.expression();
      if (this.#take(',') === undefined) {
        this.#expect('}');
        break;
      }
    }
    return { kind: 'message', at: brace.at, name };
  }

  #arguments(close: ')'): readonly Node[] {
    const found: Node[] = [];
    if (this.#take(close) !== undefined) return found;
    do found.push(this.expression());
    while (this.#take(',') !== undefined);
    this.#expect(close);
    return found;
  }

  #items(): readonly ListItem[] {
    const found: ListItem[] = [];
    this.#skipLoneComma(']');
    while (this.#take(']') === undefined) {
      found.push({ optional: this.#take('?') !== undefined, value: this.expression() });
      if (this.#take(',') !== undefined) continue;
      this.#expect(']');
      break;
    }
    return found;
  }

  /** `[,]` and `{,}` are empty. */
  #skipLoneComma(close: string): void {
    if (this.#token.text === ',' && this.#tokens[this.#next + 1]?.text === close) this.#next += 1;
  }

  #entries(): readonly MapEntry[] {
    const found: MapEntry[] = [];
    this.#skipLoneComma('}');
    while (this.#take('}') === undefined) {
      const optional = this.#take('?') !== undefined;
      const key = this.expression();
      const at = this.#expect(':');
      found.push({ at, optional, key, value: this.expression() });
      if (this.#take(',') !== undefined) continue;
      this.#expect('}');
      break;
    }
    return found;
  }

  get #token(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] ?? { kind: 'end', at: 0, text: '<EOF>' };
  }

  #take(text: string): number | undefined {
    const token = this.#token;
    if (token.kind !== 'symbol' || token.text !== text) return undefined;
    this.#next += 1;
    return token.at;
  }

  #expect(text: string): number {
    const at = this.#take(text);
    if (at === undefined)
      throw new SyntaxProblem(
        this.#token.at,
        `Syntax error: mismatched input '${this.#token.text}' expecting '${text}'`,
      );
    return at;
  }

  #unexpected(how: 'mismatched' | 'extraneous'): SyntaxProblem {
    const { at, text, kind } = this.#token;
    const what =
      kind === 'end' || how === 'mismatched' ? `mismatched input '${text}' ${expected}` : `extraneous input '${text}'`;
    return new SyntaxProblem(at, `Syntax error: ${what}`);
  }
}

function tooDeep(at: number): SyntaxProblem {
  return new SyntaxProblem(at, `expression recursion limit exceeded: ${maxDepth}`);
}

function operator(name: string, at: number, args: readonly Node[]): Call {
  return { kind: 'call', at, name, target: undefined, args };
}

function balanced(name: string, operands: readonly Node[], places: readonly number[]): Node {
  const [first] = operands;
  if (first === undefined || operands.length === 1) return first ?? { kind: 'constant', at: 0, value: null };
  const middle = Math.ceil(operands.length / 2);
  return operator(name, places[middle - 1] ?? 0, [
    balanced(name, operands.slice(0, middle), places.slice(0, middle - 1)),
    balanced(name, operands.slice(middle), places.slice(middle)),
  ]);
}
