import { ArtifactError } from './artifact-error.ts';
import { blockBytes } from './tar-header.ts';

/** What an entry of an archive is. */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'other';

/** One entry as it stands in an archive that nobody vouches for: its name may be anything. */
export interface TarReadEntry {
  readonly name: string;
  readonly type: TarEntryType;
  readonly mode: number;
  readonly sizeBytes: number;
  /** To be read before the next entry is asked for; what is not read is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Extended headers are names and numbers; a megabyte of them is an attack. */
const mostHeaderBytes = 1024 * 1024;

const types: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '5': 'directory',
  '2': 'symlink',
};

interface Extended {
  readonly path?: string;
  readonly sizeBytes?: number;
}

/**
 * The entries of a tar (v7, ustar, PAX, GNU long names) in their order. The input is read to its end.
 * @throws ArtifactError 'badArchive'
 */
export async function* readTar(input: AsyncIterable<Uint8Array>): AsyncGenerator<TarReadEntry> {
  const reader = new ByteReader(input);
  let extended: Extended = {};
  for (;;) {
    const block = await reader.block();
    if (block === undefined || isZero(block)) break;
    const header = parseHeader(block);
    if ('xgLK'.includes(header.flag)) {
      const text = await readExtended(reader, header.sizeBytes);
      if (header.flag === 'x') extended = { ...extended, ...parsePax(text) };
      else if (header.flag === 'L') extended = { ...extended, path: text.replace(/\0.*$/s, '') };
      continue;
    }
    const name = extended.path ?? header.name;
    const sizeBytes = extended.sizeBytes ?? header.sizeBytes;
    extended = {};
    // Before ustar a folder was a file whose name ends in a slash.
    const type = header.flag !== '5' && name.endsWith('/') ? 'directory' : (types[header.flag] ?? 'other');
    const content = new Content(reader, type === 'file' ? sizeBytes : 0);
    const skipped = type === 'file' ? 0 : sizeBytes;
    yield { name, type, mode: header.mode, sizeBytes, content };
    await content.skip();
    await reader.skip(skipped + ((blockBytes - (sizeBytes % blockBytes)) % blockBytes));
  }
  await reader.drain();
}

interface Header {
  readonly name: string;
  readonly flag: string;
  readonly mode: number;
  readonly sizeBytes: number;
}

function parseHeader(block: Buffer): Header {
  let sum = 8 * 0x20; // the checksum's own field counts as blanks
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  if (parseNumber(block, 148, 8) !== sum) throw damaged('a header has a wrong checksum');
  const name = textAt(block, 0, 100);
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textAt(block, 345, 155) : '';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    flag: String.fromCharCode(block[156] ?? 0),
    mode: parseNumber(block, 100, 8),
    sizeBytes: parseNumber(block, 124, 12),
  };
}

/** Octal digits, or a big-endian number whose first bit is set (GNU). */
function parseNumber(block: Buffer, at: number, width: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) {
    if (first !== 0x80) throw damaged('a number is negative or too large');
    let value = 0;
    for (let index = at + 1; index < at + width; index++) value = value * 256 + (block[index] ?? 0);
    if (!Number.isSafeInteger(value)) throw damaged('a number is too large');
    return value;
  }
  const digits = textAt(block, at, width).trim();
  if (!/^[0-7]*$/.test(digits)) throw damaged('a number is not octal');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function textAt(block: Buffer, at: number, width: number): string {
  const field = block.subarray(at, at + width);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? width : end);
}

async function readExtended(reader: ByteReader, sizeBytes: number): Promise<string> {
  if (sizeBytes > mostHeaderBytes) throw damaged('an extended header is too large');
  const content = new Content(reader, sizeBytes);
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  await reader.skip((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
  return Buffer.concat(pieces).toString('utf8');
}

/** Records of `<length> <key>=<value>\n`, where the length is in bytes and counts itself. */
function parsePax(text: string): Extended {
  const bytes = Buffer.from(text, 'utf8');
  let found: Extended = {};
  let at = 0;
  while (at < bytes.length) {
    const blank = bytes.indexOf(0x20, at);
    const digits = blank === -1 ? '' : bytes.toString('latin1', at, blank);
    const end = at + Number(digits);
    if (!/^\d{1,9}$/.test(digits) || end > bytes.length || end <= blank)
      throw damaged('an extended header has no length');
    const record = bytes.toString('utf8', blank + 1, end - 1);
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') found = { ...found, path: value };
    if (key === 'size') {
      if (!/^\d{1,15}$/.test(value)) throw damaged('an extended size is no number');
      found = { ...found, sizeBytes: Number(value) };
    }
    at = end;
  }
  return found;
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function damaged(what: string): ArtifactError {
  return new ArtifactError('badArchive', `cannot unpack artifact: ${what}`);
}

/** The content of one entry; reading it and then skipping the rest leaves the reader behind it. */
class Content implements AsyncIterable<Uint8Array> {
  readonly #reader: ByteReader;
  #left: number;

  constructor(reader: ByteReader, sizeBytes: number) {
    this.#reader = reader;
    this.#left = sizeBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      const piece = await this.#reader.some(this.#left);
      this.#left -= piece.length;
      yield piece;
    }
  }

  async skip(): Promise<void> {
    const left = this.#left;
    this.#left = 0;
    await this.#reader.skip(left);
  }
}

class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** One header block; undefined at the end of the input. */
  async block(): Promise<Buffer | undefined> {
    while (this.#buffer.length < blockBytes) {
      if (await this.#fill()) continue;
      if (this.#buffer.length === 0) return undefined;
      throw damaged('unexpected end');
    }
    return this.#take(blockBytes);
  }

  /** At least one byte, at most so many. */
  async some(most: number): Promise<Buffer> {
    while (this.#buffer.length === 0) if (!(await this.#fill())) throw damaged('unexpected end');
    return this.#take(Math.min(most, this.#buffer.length));
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) left -= (await this.some(left)).length;
  }

  async drain(): Promise<void> {
    this.#buffer = Buffer.alloc(0);
    while (await this.#fill()) this.#buffer = Buffer.alloc(0);
  }

  async #fill(): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done === true) return false;
    const piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.#buffer = this.#buffer.length === 0 ? piece : Buffer.concat([this.#buffer, piece]);
    return true;
  }

  #take(count: number): Buffer {
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }
}
