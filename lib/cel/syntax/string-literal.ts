import { Buffer } from 'node:buffer';
import { SyntaxProblem } from './problem.ts';

const simple: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '?': 63,
  '"': 34,
  "'": 39,
  '`': 96,
};
const escape = /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|)/g;

/** What stands between the quotes, escapes resolved. */
export function unescapeText(raw: string, at: number): string {
  return raw.replace(escape, (sequence, letter: Group, hex: Group, short: Group, long: Group, octal: Group) =>
    String.fromCodePoint(codePoint(sequence, [letter, hex, short, long, octal], at)),
  );
}

/** As for text, but `\x` and octal escapes are bytes and there are no Unicode escapes. */
export function unescapeBytes(raw: string, at: number): Uint8Array {
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of raw.matchAll(escape)) {
    const [sequence, letter, hex, short, long, octal] = match;
    if (short !== undefined || long !== undefined) throw new SyntaxProblem(at, 'unable to unescape string');
    parts.push(Buffer.from(raw.slice(end, match.index)));
    parts.push(Buffer.of(codePoint(sequence, [letter, hex, undefined, undefined, octal], at)));
    end = match.index + sequence.length;
  }
  parts.push(Buffer.from(raw.slice(end)));
  return new Uint8Array(Buffer.concat(parts));
}

type Group = string | undefined;
type Groups = readonly [letter: Group, hex: Group, short: Group, long: Group, octal: Group];

function codePoint(sequence: string, [letter, hex, short, long, octal]: Groups, at: number): number {
  const digits = hex ?? short ?? long;
  const code =
    letter !== undefined
      ? simple[letter]
      : digits !== undefined
        ? Number.parseInt(digits, 16)
        : Number.parseInt(octal ?? '', 8);
  const isSurrogate = code !== undefined && code >= 0xd8_00 && code <= 0xdf_ff;
  if (code === undefined || Number.isNaN(code) || code > 0x10_ff_ff || isSurrogate)
    throw new SyntaxProblem(at, `Syntax error: invalid escape '${sequence}' in a string`);
  return code;
}
