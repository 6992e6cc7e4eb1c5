import { SopsError } from '../error.ts';
import { Branch, Comment, type Entry, List } from '../tree.ts';
import { decodeUtf8, scalarBytes, type Store } from './store.ts';

const newline = Buffer.from('\n');

/** `KEY=value` lines; quotes mean nothing, a line break is written `\n`. */
export const dotenvStore: Store = {
  read(content) {
    const lines = decodeUtf8(content)
      .split('\n')
      .filter((line) => line !== '');
    return [new Branch(lines.map(readLine))];
  },
  print([branch = new Branch([])]) {
    return Buffer.concat(branch.items.flatMap((item) => [printItem(item), newline]));
  },
};

function readLine(line: string, index: number): Entry | Comment {
  if (line.startsWith('#')) return new Comment(line.slice(1));
  const at = line.indexOf('=');
  // The line itself may be a secret.
  if (at < 0) throw new SopsError('malformed', `invalid dotenv input line: non-empty line ${index + 1} has no "="`);
  return { key: line.slice(0, at), value: line.slice(at + 1).replaceAll('\\n', '\n') };
}

function printItem(item: Entry | Comment): Uint8Array {
  if (item instanceof Comment) return Buffer.from(`#${item.text}`);
  const { key, value } = item;
  if (value instanceof Branch || value instanceof List) {
    throw new SopsError('unprintable', `cannot use complex value in dotenv file; offending key ${key}`);
  }
  if (typeof value === 'string') return Buffer.from(`${key}=${value.replaceAll('\n', '\\n')}`);
  const bytes = Buffer.from(scalarBytes(value)).toString('latin1').replaceAll('\n', '\\n');
  return Buffer.concat([Buffer.from(`${key}=`), Buffer.from(bytes, 'latin1')]);
}
