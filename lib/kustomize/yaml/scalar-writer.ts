/**
 * How a string looks in block context: which styles it may have, and its text in the chosen one. The rules are
 * libyaml's emitter's, which both go-yaml versions share.
 */

/** Styles a text allows; bits. */
export const PLAIN_IN_FLOW = 1;
export const PLAIN_IN_BLOCK = 2;
export const SINGLE_QUOTED = 4;
export const BLOCK = 8;
/** Not a style: the text has a line break. */
export const MULTILINE = 16;
const ALL = PLAIN_IN_FLOW | PLAIN_IN_BLOCK | SINGLE_QUOTED | BLOCK;

/** A break is only made after this column. */
const FOLD_COLUMN = 80;

/** 0: ordinary wherever it stands but at the start. */
const ORDINARY = 0;
const SPACE = 1;
const COLON = 2;
const HASH = 3;
const FLOW_INDICATOR = 4;
const NEWLINE = 5;
const SPECIAL = 6;
const TAB = 7;

const CLASS: Uint8Array = classes();
/** What a first character forbids. */
const FIRST: Uint8Array = firsts();

function classes(): Uint8Array {
  const table = new Uint8Array(128).fill(SPECIAL, 0, 32);
  table[127] = SPECIAL;
  table[9] = TAB;
  table[10] = NEWLINE;
  table[32] = SPACE;
  table[58] = COLON;
  table[35] = HASH;
  for (const c of ',?[]{}') table[c.charCodeAt(0)] = FLOW_INDICATOR;
  return table;
}

function firsts(): Uint8Array {
  const table = new Uint8Array(128);
  for (const c of '#,[]{}&*!|>\'"%@`') table[c.charCodeAt(0)] = PLAIN_IN_FLOW | PLAIN_IN_BLOCK;
  for (const c of '?:') table[c.charCodeAt(0)] = PLAIN_IN_FLOW;
  return table;
}

/**
 * The styles that a text allows, and whether it has line breaks.
 * @param tabsInBlock v3 lets tabs into block scalars, v2 does not
 */
export function allowedStyles(text: string, tabsInBlock: boolean): number {
  const length = text.length;
  if (length === 0) return PLAIN_IN_BLOCK | SINGLE_QUOTED;
  let forbidden = forbiddenByStart(text);
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    const kind = c < 128 ? CLASS[c] : ORDINARY;
    if (kind === ORDINARY && c < 128) continue;
    if (c >= 128 ? !isPrintable(c) || isBreak(c) : kind === NEWLINE || kind === SPECIAL || kind === TAB) {
      return slowStyles(text, forbidden, tabsInBlock);
    }
    if (c >= 128) continue;
    if (kind === SPACE) {
      if (i === 0) forbidden |= PLAIN_IN_FLOW | PLAIN_IN_BLOCK;
      if (i === length - 1) forbidden |= PLAIN_IN_FLOW | PLAIN_IN_BLOCK | BLOCK;
    } else if (kind === COLON) {
      forbidden |= isBlankOrEnd(text, i + 1) ? PLAIN_IN_FLOW | PLAIN_IN_BLOCK : PLAIN_IN_FLOW;
    } else if (kind === HASH) {
      if (i === 0 || isBlankOrEnd(text, i - 1)) forbidden |= PLAIN_IN_FLOW | PLAIN_IN_BLOCK;
    } else forbidden |= PLAIN_IN_FLOW;
  }
  return ALL & ~forbidden;
}

function forbiddenByStart(text: string): number {
  const c = text.charCodeAt(0);
  if (c >= 128) return 0;
  if (c === 45) {
    if (text.startsWith('---')) return PLAIN_IN_FLOW | PLAIN_IN_BLOCK;
    return isBlankOrEnd(text, 1) ? PLAIN_IN_FLOW | PLAIN_IN_BLOCK : 0;
  }
  if (c === 63 || c === 58) return isBlankOrEnd(text, 1) ? PLAIN_IN_FLOW | PLAIN_IN_BLOCK : PLAIN_IN_FLOW;
  if (c === 46 && text.startsWith('...')) return PLAIN_IN_FLOW | PLAIN_IN_BLOCK;
  return FIRST[c] ?? 0;
}

function isBlankOrEnd(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const c = text.charCodeAt(at);
  return c === 32 || c === 9;
}

/** The whole rule, for texts with line breaks, tabs or characters that are not printable. */
function slowStyles(text: string, start: number, tabsInBlock: boolean): number {
  const noPlain = PLAIN_IN_FLOW | PLAIN_IN_BLOCK;
  const last = text.length - 1;
  let forbidden = start;
  let result = 0;
  let previousSpace = false;
  let previousBreak = false;
  for (let i = 0; i <= last; i++) {
    const c = text.charCodeAt(i);
    const kind = c < 128 ? CLASS[c] : ORDINARY;
    if (kind === COLON) forbidden |= isBlankOrEnd(text, i + 1) ? noPlain : PLAIN_IN_FLOW;
    else if (kind === HASH) forbidden |= i === 0 || isAnyBlank(text.charCodeAt(i - 1)) ? noPlain : 0;
    else if (kind === FLOW_INDICATOR) forbidden |= PLAIN_IN_FLOW;
    if (kind === TAB && tabsInBlock) forbidden |= noPlain | SINGLE_QUOTED;
    else if (!isPrintable(c)) forbidden |= ALL;
    if (c === 32) {
      if (i === 0) forbidden |= noPlain;
      if (i === last) forbidden |= noPlain | BLOCK;
      if (previousBreak) forbidden |= noPlain | SINGLE_QUOTED;
      previousSpace = true;
      previousBreak = false;
    } else if (isBreak(c)) {
      result |= MULTILINE;
      forbidden |= noPlain;
      if (previousSpace) forbidden |= ALL;
      previousSpace = false;
      previousBreak = true;
    } else {
      previousSpace = false;
      previousBreak = false;
    }
  }
  return result | (ALL & ~forbidden);
}

function isAnyBlank(c: number): boolean {
  return c === 32 || c === 9 || isBreak(c);
}

/** All characters that end a line for go-yaml. */
export function isBreak(c: number): boolean {
  return c === 10 || c === 13 || c === 0x85 || c === 0x2028 || c === 0x2029;
}

/** Astral characters are not printable for go-yaml: each half of a surrogate pair is refused. */
function isPrintable(c: number): boolean {
  if (c < 0x7f) return c >= 32 || c === 10;
  return c >= 0xa0 && (c < 0xd800 || (c >= 0xe000 && c <= 0xfffd && c !== 0xfeff));
}

const PADS: readonly string[] = Array.from({ length: 64 }, (_, i) => ' '.repeat(i));

/** `width` spaces. */
export function pad(width: number): string {
  return PADS[width] ?? ' '.repeat(width);
}

/**
 * A plain text, folded where it crosses column 80.
 * @param column where it starts
 * @param indent of its continuation lines; negative: never fold
 */
export function plainText(text: string, column: number, indent: number): string {
  return indent < 0 || column + text.length <= FOLD_COLUMN ? text : fold(text, column, indent);
}

export function singleQuoted(text: string, column: number, indent: number): string {
  const escaped = text.includes("'") ? text.replaceAll("'", "''") : text;
  const inner = /[\n\u2028\u2029]/.test(escaped)
    ? foldLines(escaped, column + 1, indent)
    : indent < 0 || column + escaped.length < FOLD_COLUMN
      ? escaped
      : fold(escaped, column + 1, indent);
  return `'${inner}'`;
}

/** Breaks at single spaces that stand after column 80; the space itself is dropped. */
function fold(text: string, column: number, indent: number): string {
  const last = text.length - 1;
  const newline = `\n${pad(indent)}`;
  let out = '';
  let from = 0;
  // The text position that stands at column 0 of the current line.
  let lineStart = -column;
  let at = text.indexOf(' ', Math.max(1, lineStart + FOLD_COLUMN + 1));
  while (at > 0 && at < last) {
    if (text.charCodeAt(at + 1) !== 32 && text.charCodeAt(at - 1) !== 32) {
      out += text.slice(from, at) + newline;
      from = at + 1;
      lineStart = from - indent;
      at = text.indexOf(' ', Math.max(from + 1, lineStart + FOLD_COLUMN + 1));
    } else at = text.indexOf(' ', at + 1);
  }
  return out + text.slice(from);
}

/** Single-quoted text with line breaks: rare, so character by character. */
function foldLines(text: string, startColumn: number, indent: number): string {
  const width = Math.max(indent, 0);
  let column = startColumn;
  let out = '';
  let spaces = false;
  let breaks = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 32) {
      const may = indent >= 0 && !spaces && column > FOLD_COLUMN && i > 0 && i < text.length - 1;
      if (may && text.charCodeAt(i + 1) !== 32) {
        out += `\n${pad(width)}`;
        column = width;
      } else {
        out += ' ';
        column++;
      }
      spaces = true;
    } else if (isBreak(c)) {
      if (!breaks && c === 10) out += '\n';
      out += text[i];
      column = 0;
      breaks = true;
    } else {
      if (breaks) {
        out += pad(width - column);
        column = width;
      }
      out += text[i];
      column++;
      spaces = false;
      breaks = false;
    }
  }
  return out;
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x00, '\\0'],
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x1b, '\\e'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x85, '\\N'],
  [0xa0, '\\_'],
  [0x2028, '\\L'],
  [0x2029, '\\P'],
]);

/** Double-quoted text; it may break at any space after column 80, with a backslash before a space that follows. */
export function doubleQuoted(text: string, column: number, indent: number): string {
  if (text.charCodeAt(0) === 0xfeff) return `"${Array.from(text, escapeAny).join('')}"`;
  const escape = needsEscape(text);
  if (!escape && (indent < 0 || column + text.length < FOLD_COLUMN)) return `"${text}"`;
  let out = '"';
  let at = column + 1;
  let spaces = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 32) {
      if (indent >= 0 && !spaces && at > FOLD_COLUMN && i > 0 && i < text.length - 1) {
        const next = text.charCodeAt(i + 1) === 32;
        out += `\n${pad(indent)}${next ? '\\' : ''}`;
        at = indent + (next ? 1 : 0);
      } else {
        out += ' ';
        at++;
      }
      spaces = true;
      continue;
    }
    spaces = false;
    if (c === 34 || c === 92 || !isPrintable(c) || isBreak(c)) {
      const code = text.codePointAt(i) ?? c;
      if (code > 0xffff) i++;
      const escaped = ESCAPES.get(code) ?? hexEscape(code);
      out += escaped;
      at += escaped.length;
    } else {
      out += text[i];
      at++;
    }
  }
  return `${out}"`;
}

function needsEscape(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34 || c === 92 || !isPrintable(c) || isBreak(c)) return true;
  }
  return false;
}

/** The library takes every character of a text that begins with a byte order mark for one. */
function escapeAny(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return ESCAPES.get(code) ?? hexEscape(code);
}

function hexEscape(code: number): string {
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Header and lines of a literal block, without the line break after a last line that has none of its own. */
export function literalBlock(text: string, indent: number, indentHint = 2): string {
  const first = text.charCodeAt(0);
  const hint = first === 32 || isBreak(first) ? String(indentHint) : '';
  const margin = pad(indent);
  const body = text.replaceAll(/(^|[\n\u2028\u2029])(?=[^\n\u2028\u2029])/g, `$1${margin}`);
  return `|${hint}${chomping(text)}\n${body}`;
}

/** The same for a folded block that is never broken at a column, as go-yaml v3 writes it. */
export function foldedBlock(text: string, indent: number, indentHint = 2): string {
  const first = text.charCodeAt(0);
  const hint = first === 32 || isBreak(first) ? String(indentHint) : '';
  const margin = pad(indent);
  let start = 0;
  while (isBreak(text.charCodeAt(start))) start++;
  // The library looks at the first line where the rule means the next one.
  const firstIsBlank = isBlankOrEnd(text, start);
  let out = `>${hint}${chomping(text)}\n`;
  let breaks = true;
  let leadingSpaces = true;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (isBreak(c)) {
      if (c === 10 && !breaks && !leadingSpaces && !firstIsBlank) out += '\n';
      breaks = true;
    } else {
      if (breaks) {
        out += margin;
        leadingSpaces = c === 32 || c === 9;
      }
      breaks = false;
    }
    out += text[i];
  }
  return out;
}

function chomping(text: string): string {
  const last = text.length - 1;
  if (!isBreak(text.charCodeAt(last))) return '-';
  return last === 0 || isBreak(text.charCodeAt(last - 1)) ? '+' : '';
}
