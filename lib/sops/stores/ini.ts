import { SopsError } from '../error.ts';
import { Branch, Comment, type Entry } from '../tree.ts';
import { readIni } from './ini-reader.ts';
import { decodeUtf8, scalarBytes, type Store } from './store.ts';

/** Sections of `key = value` lines, the equals signs of a section aligned. */
export const iniStore: Store = {
  read: (content) => [readIni(decodeUtf8(content))],
  print([branch = new Branch([])]) {
    const sections = branch.entries;
    return Buffer.concat(sections.flatMap((section, index) => printSection(section, index, sections.length)));
  },
};

function printSection({ key: name, value }: Entry, index: number, count: number): readonly Uint8Array[] {
  if (!(value instanceof Branch)) {
    throw new SopsError('unprintable', 'cannot print as INI: section values should always be mappings');
  }
  if (name === '') throw new SopsError('unprintable', 'cannot print as INI: empty section name');
  const [first, ...rest] = value.items;
  const own = first instanceof Comment ? printComment(first, false) : [];
  const keys = keysOf(first instanceof Comment ? rest : value.items);
  const isTop = index === 0 && name.toUpperCase() === 'DEFAULT';
  if (isTop && keys.length === 0) return own;
  const written = keys.map(({ entry }) => quotedName(entry.key));
  const width = Math.max(0, ...written.map((text) => Buffer.byteLength(text)));
  const lines = keys.flatMap(({ entry, comment }, at) => [
    ...(comment === undefined ? [] : printComment(comment, true)),
    Buffer.from(padded(written[at] ?? '', width)),
    quotedValue(scalarOf(entry)),
    newline,
  ]);
  return [...own, ...(isTop ? [] : [Buffer.from(`[${name}]\n`)]), ...lines, ...(index === count - 1 ? [] : [newline])];
}

const newline = Buffer.from('\n');

interface Key {
  readonly entry: Entry;
  readonly comment: Comment | undefined;
}

/** A comment belongs to the key before it; of keys with the same name the last value stands where the first was. */
function keysOf(items: readonly (Entry | Comment)[]): readonly Key[] {
  const keys = new Map<string, Key>();
  let last: Key | undefined;
  for (const item of items) {
    if (item instanceof Comment) last = last === undefined ? undefined : { ...last, comment: item };
    else last = { entry: item, comment: keys.get(item.key)?.comment };
    if (last !== undefined) keys.set(last.entry.key, last);
  }
  return [...keys.values()];
}

function scalarOf({ key, value }: Entry): Uint8Array {
  if (value !== null && typeof value === 'object' && 'items' in value) {
    throw new SopsError('unprintable', `cannot use complex value in INI file; offending key ${key}`);
  }
  return scalarBytes(value);
}

/** @param trim the library keeps spaces that a section's comment begins with, and drops a key's */
function printComment({ text }: Comment, trim: boolean): readonly Uint8Array[] {
  if (text === '') return [];
  return text.split('\n').map((line) => {
    const marked = /^[#;]/.test(line) ? `${line.charAt(0)} ${line.slice(1).trim()}` : `; ${trim ? line.trim() : line}`;
    return Buffer.from(`${marked}\n`);
  });
}

function quotedName(name: string): string {
  if (/["=:]/.test(name)) return `\`${name}\``;
  return name.includes('`') ? `"""${name}"""` : name;
}

function padded(name: string, width: number): string {
  return `${name}${' '.repeat(width - Buffer.byteLength(name))} = `;
}

function quotedValue(value: Uint8Array): Uint8Array {
  const text = Buffer.from(value).toString('utf8');
  const quote = /[\n`]/.test(text) ? '"""' : /[#;]/.test(text) ? '`' : text.trim() === text ? '' : '"';
  return quote === '' ? value : Buffer.concat([Buffer.from(quote), value, Buffer.from(quote)]);
}
