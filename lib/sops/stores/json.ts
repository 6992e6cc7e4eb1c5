import { SopsError } from '../error.ts';
import { Branch, Comment, List, Timestamp, type Value } from '../tree.ts';
import { decodeUtf8, type Store } from './store.ts';
import { readJson } from './json-reader.ts';

/** JSON, indented with tabs and escaped as Go does it. */
export const jsonStore: Store = {
  read: (content) => [readJson(decodeUtf8(content))],
  print: ([branch = new Branch([])]) => Buffer.from(`${printJson(branch, '')}\n`),
};

/** Any content as the text below the key `data` of a JSON object. */
export const binaryStore: Store = {
  read: (content) => jsonStore.read(content),
  print(branches) {
    const data = branches.length === 1 ? branches[0]?.get('data') : undefined;
    if (typeof data === 'string') return Buffer.from(data);
    if (data instanceof Uint8Array) return data;
    throw new SopsError('unprintable', 'error emitting binary store: no binary data found in tree');
  },
};

function printJson(value: Value, indent: string): string {
  const below = `${indent}\t`;
  if (value instanceof Branch) {
    const lines = value.entries.map(({ key, value: item }) => `${below}${quoted(key)}: ${printJson(item, below)}`);
    return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`;
  }
  if (value instanceof List) {
    const lines = value.items
      .filter((item): item is Value => !(item instanceof Comment))
      .map((item) => below + printJson(item, below));
    return lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n${indent}]`;
  }
  if (value instanceof Timestamp) return quoted(value.text);
  // Bytes that are no UTF-8, which Go writes as an escape.
  if (value instanceof Uint8Array) return quoted(Buffer.from(value).toString('utf8')).replaceAll('\ufffd', '\\ufffd');
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) {
    throw new SopsError('unprintable', 'cannot print a number as JSON: it is infinite or no number');
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

const escapedByGo = /[<>&\u2028\u2029]/g;

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    escapedByGo,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
