/**
 * yaml.v2's order of map keys: runs of digits compare as numbers, non-letters come before letters, letters by code
 * point. Not transitive for keys such as `a01`, `a1b`, `a2`; Go's own output is random there.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return compareAt(a, b, i, x, y);
  }
  return a.length - b.length;
}

function compareAt(a: string, b: string, at: number, x: number, y: number): number {
  if (x >= 0x80 || y >= 0x80) return compareRunes(a, b, at);
  const xLetter = isAsciiLetter(x);
  const yLetter = isAsciiLetter(y);
  if (xLetter && yLetter) return x - y;
  if (xLetter || yLetter) return yLetter ? -1 : 1;
  if (!isDigit(x) && !isDigit(y)) return x - y;
  return compareNumbers(a, b, at, x, y);
}

/** The numbers that start at `at`; the digits before it are equal and only tell whether a zero counts. */
function compareNumbers(a: string, b: string, at: number, x: number, y: number): number {
  const aEnd = digitsEnd(a, at);
  const bEnd = digitsEnd(b, at);
  let prefix = '';
  if (x === 48 || y === 48) {
    for (let j = at - 1; j >= 0 && isDigit(a.charCodeAt(j)); j--) {
      if (a.charCodeAt(j) !== 48) {
        prefix = '1';
        break;
      }
    }
  }
  const aNumber = int64(prefix + a.slice(at, aEnd));
  const bNumber = int64(prefix + b.slice(at, bEnd));
  if (aNumber < bNumber) return -1;
  if (aNumber > bNumber) return 1;
  return aEnd === bEnd ? x - y : aEnd - bEnd;
}

/** Go's int64 wraps around on long runs of digits. */
function int64(digits: string): number | bigint {
  return digits.length <= 15 ? Number(digits) : BigInt.asIntN(64, BigInt(digits));
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function isAsciiLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
}

const LETTER = /^\p{L}/u;

/** The same rule where one of the two is not ASCII. Digits of other scripts are compared as plain characters. */
function compareRunes(a: string, b: string, at: number): number {
  const low = (a.charCodeAt(at) & 0xfc00) === 0xdc00 && (b.charCodeAt(at) & 0xfc00) === 0xdc00;
  const start = low ? at - 1 : at;
  const x = a.codePointAt(start) ?? 0;
  const y = b.codePointAt(start) ?? 0;
  const xLetter = LETTER.test(String.fromCodePoint(x));
  const yLetter = LETTER.test(String.fromCodePoint(y));
  if (xLetter && yLetter) return x - y;
  if (xLetter || yLetter) return yLetter ? -1 : 1;
  if (isDigit(x) || isDigit(y)) return compareNumbers(a, b, at, x, y);
  return x - y;
}
