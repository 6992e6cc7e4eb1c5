import { Buffer } from 'node:buffer';
import { RE2JS, RE2JSException } from 're2js';
import { type Budget, textCost } from '../budget.ts';
import { failure } from '../error.ts';
import { CelList, type Value } from '../value.ts';
import { formatText } from './format.ts';
import type { Implementation, Implementations } from './function.ts';

/** Go's regular expressions, which take time in proportion to the text. @throws CelError */
export function compilePattern(pattern: string): (text: string) => boolean {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch (error) {
    if (error instanceof RE2JSException || error instanceof Error) throw failure(error.message);
    throw error;
  }
}

const matches: Implementation = ([text, pattern], budget) => {
  if (typeof text !== 'string' || typeof pattern !== 'string') return undefined;
  budget.spend(textCost(text.length) * textCost(pattern.length) + pattern.length);
  return compilePattern(pattern)(text);
};

type OnTexts<R> = (a: string, b: string) => R;

function onTexts<R extends Value>(operation: OnTexts<R>): Implementation {
  return ([a, b], budget) => {
    if (typeof a !== 'string' || typeof b !== 'string') return undefined;
    budget.spend(textCost(a.length));
    return operation(a, b);
  };
}

function onText(operation: (text: string) => Value): Implementation {
  return ([text], budget) => {
    if (typeof text !== 'string') return undefined;
    budget.spend(textCost(text.length));
    return operation(text);
  };
}

/** The characters as Go counts them. */
function characters(text: string, budget: Budget): readonly string[] {
  budget.spend(textCost(text.length));
  return [...text];
}

function outOfRange(index: bigint): Error {
  return failure(`index out of range: ${index}`);
}

const charAt: Implementation = ([text, index], budget) => {
  if (typeof text !== 'string' || typeof index !== 'bigint') return undefined;
  const all = characters(text, budget);
  if (index < 0n || index > BigInt(all.length)) throw outOfRange(index);
  return all[Number(index)] ?? '';
};

function search(
  find: (all: readonly string[], wanted: readonly string[], from: number) => number,
  isLast: boolean,
): Implementation {
  return ([text, wanted, offset], budget) => {
    if (typeof text !== 'string' || typeof wanted !== 'string') return undefined;
    if (offset !== undefined && typeof offset !== 'bigint') return undefined;
    const all = characters(text, budget);
    if (wanted === '') return offset ?? (isLast ? BigInt(all.length) : 0n);
    if (offset !== undefined && offset < 0n) throw outOfRange(offset);
    if (offset !== undefined && offset >= BigInt(all.length)) return -1n;
    return BigInt(
      find(all, characters(wanted, budget), offset === undefined ? (isLast ? all.length : 0) : Number(offset)),
    );
  };
}

function startsAt(all: readonly string[], wanted: readonly string[], at: number): boolean {
  return wanted.every((character, i) => all[at + i] === character);
}

function firstIndex(all: readonly string[], wanted: readonly string[], from: number): number {
  for (let at = from; at + wanted.length <= all.length; at += 1) if (startsAt(all, wanted, at)) return at;
  return -1;
}

function lastIndex(all: readonly string[], wanted: readonly string[], from: number): number {
  for (let at = Math.min(from, all.length - wanted.length); at >= 0; at -= 1) if (startsAt(all, wanted, at)) return at;
  return -1;
}

const substring: Implementation = ([text, start, end], budget) => {
  if (typeof text !== 'string' || typeof start !== 'bigint') return undefined;
  if (end !== undefined && typeof end !== 'bigint') return undefined;
  const all = characters(text, budget);
  const size = BigInt(all.length);
  const stop = end ?? size;
  if (end !== undefined && start > end) throw failure(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > size) throw outOfRange(start);
  if (stop < 0n || stop > size) throw outOfRange(stop);
  return all.slice(Number(start), Number(stop)).join('');
};

const replace: Implementation = ([text, from, to, limit], budget) => {
  if (typeof text !== 'string' || typeof from !== 'string' || typeof to !== 'string') return undefined;
  if (limit !== undefined && typeof limit !== 'bigint') return undefined;
  const parts = from === '' ? ['', ...characters(text, budget), ''] : text.split(from);
  const count = limit === undefined || limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
  budget.spend(parts.length + textCost(text.length + count * to.length));
  // Go puts nothing before the first character twice: an empty text matches between characters and at both ends.
  const head = parts.slice(0, count + 1).join(to);
  const tail = parts.slice(count + 1);
  return tail.length === 0 ? head : head + from + tail.join(from);
};

const split: Implementation = ([text, separator, limit], budget) => {
  if (typeof text !== 'string' || typeof separator !== 'string') return undefined;
  if (limit !== undefined && typeof limit !== 'bigint') return undefined;
  if (limit === 0n) return new CelList([]);
  const parts = separator === '' ? characters(text, budget) : text.split(separator);
  budget.spend(parts.length + textCost(text.length));
  const most = limit === undefined || limit < 0n ? parts.length : Number(limit);
  if (parts.length <= most) return new CelList(parts);
  return new CelList([...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)]);
};

const join: Implementation = ([list, separator = ''], budget) => {
  if (!(list instanceof CelList) || typeof separator !== 'string') return undefined;
  const texts = list.items.filter((item) => typeof item === 'string');
  if (texts.length !== list.items.length) return undefined;
  budget.spend(texts.length + textCost(texts.reduce((sum, text) => sum + text.length + separator.length, 0)));
  return texts.join(separator);
};

const space = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const leading = new RegExp(`^[${space}]+`);
const isSpace = new RegExp(`[${space}]`);

function trim(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end).replace(leading, '');
}

const escapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  return `"${text.replace(/[\u0007\b\f\n\r\t\v\\"]/g, (character) => escapes[character] ?? character)}"`;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function decodeBase64(text: string): Uint8Array {
  const plain = text.replaceAll(/[\r\n]/g, '');
  if (!base64.test(plain)) throw failure('illegal base64 data');
  return new Uint8Array(Buffer.from(plain, 'base64'));
}

export const textFunctions: Implementations = {
  contains: onTexts((a, b) => a.includes(b)),
  startsWith: onTexts((a, b) => a.startsWith(b)),
  endsWith: onTexts((a, b) => a.endsWith(b)),
  matches,
  charAt,
  indexOf: search(firstIndex, false),
  lastIndexOf: search(lastIndex, true),
  lowerAscii: onText((text) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upperAscii: onText((text) => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())),
  replace,
  split,
  substring,
  trim: onText(trim),
  reverse: onText((text) => [...text].toReversed().join('')),
  join,
  format: ([text, args], budget) =>
    typeof text === 'string' && args instanceof CelList ? formatText(text, args.items, budget) : undefined,
  'strings.quote': onText(quote),
  'base64.encode': ([value], budget) => {
    if (!(value instanceof Uint8Array)) return undefined;
    budget.spend(textCost(value.length));
    return Buffer.from(value).toString('base64');
  },
  'base64.decode': onText(decodeBase64),
};
