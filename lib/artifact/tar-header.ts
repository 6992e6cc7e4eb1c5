/** One entry of an archive, before its content. */
export interface TarHeader {
  /** Relative, without a trailing slash; the root is `.`. */
  readonly name: string;
  readonly type: 'file' | 'directory';
  readonly mode: number;
  /** Of the content, in bytes; 0 for a directory. */
  readonly sizeBytes: number;
}

export const blockBytes = 512;
const maxUstarSize = 0o77777777777;

/**
 * The blocks that announce an entry: plain ustar, with a PAX record before it only where ustar cannot say it (a name that is not
 * ASCII or does not split into 155/100 bytes, or 8 GiB and more). Owner and times are zero, so equal trees give equal bytes.
 * tar-stream's own writer is not used: it ends directory names in a slash, and Flux's archives do not (source spec 2.5).
 */
export function encodeTarHeader(header: TarHeader): Buffer {
  const split = splitUstarName(header.name);
  const records: string[] = [];
  if (split === undefined) records.push(paxRecord('path', header.name));
  if (header.sizeBytes > maxUstarSize) records.push(paxRecord('size', String(header.sizeBytes)));
  const fallback = { prefix: '', name: '' };
  const size = Math.min(header.sizeBytes, maxUstarSize);
  const main = ustarBlock(split ?? fallback, header.type === 'directory' ? '5' : '0', header.mode, size);
  if (split === undefined) writeLossyName(main, header.name);
  if (records.length === 0) return main;
  const body = Buffer.from(records.join(''), 'utf8');
  const announce = ustarBlock({ prefix: '', name: 'PaxHeaders.0/entry' }, 'x', 0, body.length);
  return Buffer.concat([announce, body, padding(body.length), main]);
}

/** The zeros that fill the last block of a content. */
export function padding(sizeBytes: number): Buffer {
  return zeros.subarray(0, (blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** Two zero blocks. */
export function tarEnd(): Buffer {
  return zeros;
}

const zeros: Buffer = Buffer.alloc(2 * blockBytes);

interface UstarName {
  readonly prefix: string;
  readonly name: string;
}

function splitUstarName(name: string): UstarName | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII without NUL
  if (!/^[\x01-\x7f]+$/.test(name)) return undefined;
  if (name.length <= 100) return { prefix: '', name };
  // The last slash that leaves at most 155 characters before it; as Go's writer splits.
  const slash = name.slice(0, 156).lastIndexOf('/');
  if (slash <= 0 || name.length - slash - 1 > 100 || slash === name.length - 1) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  let length = restBytes + String(restBytes).length;
  length = restBytes + String(length).length; // the digits of the length count too
  return `${length}${rest}`;
}

function ustarBlock(split: UstarName, typeFlag: string, mode: number, size: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(split.name, 0, 100, 'latin1');
  writeOctal(block, mode, 100, 8);
  writeOctal(block, 0, 108, 8);
  writeOctal(block, 0, 116, 8);
  writeOctal(block, size, 124, 12);
  writeOctal(block, 0, 136, 12);
  block.write(typeFlag, 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  writeOctal(block, 0, 329, 8);
  writeOctal(block, 0, 337, 8);
  block.write(split.prefix, 345, 155, 'latin1');
  writeChecksum(block);
  return block;
}

/** What a reader without PAX sees: the tail of the name, with `_` for what is not ASCII. */
function writeLossyName(block: Buffer, name: string): void {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').slice(-100);
  block.write(ascii, 0, 100, 'latin1');
  writeChecksum(block);
}

function writeOctal(block: Buffer, value: number, offset: number, width: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, width, 'latin1');
}

function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
}
