import { CelUint, type Value } from '../value.ts';
import { SyntaxProblem } from './problem.ts';
import { unescapeBytes, unescapeText } from './string-literal.ts';

export type Token =
  | { readonly kind: 'constant'; readonly at: number; readonly text: string; readonly value: Value }
  | { readonly kind: 'identifier'; readonly at: number; readonly text: string }
  | { readonly kind: 'symbol'; readonly at: number; readonly text: string }
  | { readonly kind: 'end'; readonly at: number; readonly text: '<EOF>' };

const blank = /(?:[ \t\r\n\f]|\/\/[^\n]*)+/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const float = /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;
const integer = /(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?/y;
const symbol = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]/y;
const quoted =
  /([bB]?)("""(?:[^\\]|\\[^])*?"""|'''(?:[^\\]|\\[^])*?'''|"(?:[^"\\\r\n]|\\[^\r\n])*"|'(?:[^'\\\r\n]|\\[^\r\n])*')/y;
const rawQuoted = /([bB]?[rR])("""[^]*?"""|'''[^]*?'''|"[^"\r\n]*"|'[^'\r\n]*')/y;
const backtick = /`/y;
const constants: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** @throws SyntaxProblem */
export function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  for (;;) {
    at += match(blank)?.[0].length ?? 0;
    if (at >= text.length) break;
    const token = readToken(match, at);
    if (token === undefined) {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      throw new SyntaxProblem(at, `Syntax error: token recognition error at: '${character}'`);
    }
    found.push(token);
    at += token.text.length;
  }
  found.push({ kind: 'end', at, text: '<EOF>' });
  return found;
}

function readToken(match: (pattern: RegExp) => RegExpExecArray | null, at: number): Token | undefined {
  const raw = match(rawQuoted);
  if (raw !== null) return stringToken(raw, at, true);
  const string = match(quoted);
  if (string !== null) return stringToken(string, at, false);
  const name = match(word)?.[0];
  if (name !== undefined) return wordToken(name, at);
  // Flux's environment does not turn names in backticks on.
  if (match(backtick) !== null) throw new SyntaxProblem(at, "unsupported syntax: '`'");
  const double = match(float)?.[0];
  if (double !== undefined) return { kind: 'constant', at, text: double, value: doubleOf(double, at) };
  const int = match(integer)?.[0];
  // The sign belongs to the parser: the range of an integer is checked there.
  if (int !== undefined) return { kind: 'constant', at, text: int, value: integerOf(int) };
  const sign = match(symbol)?.[0];
  return sign === undefined ? undefined : { kind: 'symbol', at, text: sign };
}

function wordToken(text: string, at: number): Token {
  const value = constants.get(text);
  if (value !== undefined) return { kind: 'constant', at, text, value };
  return text === 'in' ? { kind: 'symbol', at, text } : { kind: 'identifier', at, text };
}

function stringToken([text, prefix = '', literal = '']: RegExpExecArray, at: number, isRaw: boolean): Token {
  const quotes = literal.startsWith('"""') || literal.startsWith("'''") ? 3 : 1;
  const body = literal.slice(quotes, -quotes).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const isBytes = /b/i.test(prefix);
  const value = isBytes
    ? isRaw
      ? new TextEncoder().encode(body)
      : unescapeBytes(body, at)
    : isRaw
      ? body
      : unescapeText(body, at);
  return { kind: 'constant', at, text, value };
}

function doubleOf(text: string, at: number): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new SyntaxProblem(at, 'invalid double literal');
  return value;
}

function integerOf(text: string): Value {
  return /u$/i.test(text) ? new CelUint(BigInt(text.slice(0, -1))) : BigInt(text);
}
