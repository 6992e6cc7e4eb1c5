/**
 * What a plain scalar means. Two dialects: `v3` as go.yaml.in/yaml/v3 reads resources (YAML 1.2 booleans, 1.1 octals),
 * `v2` as go.yaml.in/yaml/v2 reads kustomization files and decides what must be quoted in the output (YAML 1.1).
 */
import { parseTimestamp } from './timestamp.ts';

export type Dialect = 'v2' | 'v3';

const V3_WORDS: ReadonlyMap<string, string> = new Map([
  ...tagged('!!bool', 'true True TRUE false False FALSE'),
  ...tagged('!!null', '~ null Null NULL'),
  ...tagged('!!float', '.nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF'),
]);

const V2_WORDS: ReadonlyMap<string, string> = new Map([
  ...V3_WORDS,
  ...tagged('!!bool', 'y Y yes Yes YES on On ON n N no No NO off Off OFF'),
]);

const FALSE_WORDS: ReadonlySet<string> = new Set('n N no No NO off Off OFF false False FALSE'.split(' '));

function tagged(tag: string, words: string): [string, string][] {
  return words.split(' ').map((word) => [word, tag]);
}

/** What a first character can start: 0 a string only, 1 a word, 2 a dot, 3 a digit or sign. */
const HINT: Uint8Array = hints();

function hints(): Uint8Array {
  const table = new Uint8Array(128);
  for (const c of 'yYnNtTfFoO~') table[c.charCodeAt(0)] = 1;
  table[46] = 2;
  for (const c of '+-0123456789') table[c.charCodeAt(0)] = 3;
  return table;
}

/** `false`, `+.inf`. */
const LONGEST_WORD = 5;

/** The short tag of an untagged plain scalar. */
export function resolvePlain(text: string, dialect: Dialect): string {
  if (text.length === 0) return '!!null';
  const first = text.charCodeAt(0);
  const hint = first < 128 ? HINT[first] : 0;
  if (hint === 0) return '!!str';
  if (text.length <= LONGEST_WORD) {
    const word = (dialect === 'v2' ? V2_WORDS : V3_WORDS).get(text);
    if (word !== undefined) return word;
  }
  switch (hint) {
    case 2:
      return isDotFloat(text) ? '!!float' : '!!str';
    case 3:
      return resolveNumeric(text, dialect);
    default:
      return '!!str';
  }
}

/** Whether a bool scalar is true. */
export function parseBool(text: string): boolean {
  return !FALSE_WORDS.has(text);
}

/** `parseInt` of a `!!int` scalar as Go does it: prefixes 0x, 0o, 0b, leading-zero octals, underscores anywhere. */
export function parseGoInt(text: string, dialect: Dialect = 'v3'): bigint | undefined {
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  return parseInteger(plain) ?? parsePrefixed(plain, dialect);
}

/** Value of a `!!float` scalar. */
export function parseGoFloat(text: string): number {
  switch (text.toLowerCase()) {
    case '.nan':
      return Number.NaN;
    case '.inf':
    case '+.inf':
      return Number.POSITIVE_INFINITY;
    case '-.inf':
      return Number.NEGATIVE_INFINITY;
    default:
      return Number(text.replaceAll('_', ''));
  }
}

/** Go takes underscores between digits here, where nobody has removed them before. */
const DOT_FLOAT = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/;
const NUMBER_CHARACTERS = /^[-+0-9.,_a-fA-FxXoO:TtZ ]*$/;

/** Go's ParseFloat on text that starts with a dot; one that overflows is a string. */
function isDotFloat(text: string): boolean {
  return DOT_FLOAT.test(text) && Number.isFinite(parseGoFloat(text));
}

function resolveNumeric(text: string, dialect: Dialect): string {
  if (isShortDecimal(text)) return '!!int';
  if (!NUMBER_CHARACTERS.test(text)) return '!!str';
  if (parseTimestamp(text) !== undefined) return '!!timestamp';
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  if (parseInteger(plain) !== undefined) return '!!int';
  if (FLOAT.test(plain) && Number.isFinite(Number(plain))) return '!!float';
  return parsePrefixed(plain, dialect) === undefined ? '!!str' : '!!int';
}

/** The common case: up to 15 digits without a leading zero. */
function isShortDecimal(text: string): boolean {
  const length = text.length;
  if (length > 15) return false;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return length === 1 || text.charCodeAt(0) !== 48;
}

const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

function parseInteger(text: string): bigint | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign = '', hex, binary, octal, decimal] = match;
  const digits = decimal ?? (hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : `0o${octal}`);
  if (digits.length > 70) return undefined;
  return inRange(BigInt(digits), sign);
}

/** `0b` (both dialects) and `0o` (v3) whose digits carry a sign of their own: `0b-1` is -1 to go-yaml. */
function parsePrefixed(text: string, dialect: Dialect): bigint | undefined {
  const match = /^(-?)0([bo])([-+]?)([01]+|[0-7]+)$/.exec(text);
  if (match === null) return undefined;
  const [, outer = '', base = '', inner = '', digits = ''] = match;
  if (base === 'o' && dialect === 'v2') return undefined;
  if (base === 'b' && /[2-7]/.test(digits)) return undefined;
  if ((outer !== '' && inner !== '') || digits.length > 70) return undefined;
  return inRange(BigInt(`0${base}${digits}`), outer + inner);
}

/** Signed values have 63 bits; only a bare number may use all 64. */
function inRange(magnitude: bigint, sign: string): bigint | undefined {
  const value = sign === '-' ? -magnitude : magnitude;
  if (value < MIN_INT64) return undefined;
  const max = sign === '' ? MAX_UINT64 : 2n ** 63n - 1n;
  return value > max ? undefined : value;
}

const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** `1:30`: no number to go-yaml, but quoted on output because other parsers take it for one. */
export function isBase60(text: string): boolean {
  const first = text.charCodeAt(0);
  return first < 128 && HINT[first] === 3 && text.includes(':') && BASE_60.test(text);
}
