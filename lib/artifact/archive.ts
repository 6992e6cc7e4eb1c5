import { once } from 'node:events';
import { constants, crc32, createDeflateRaw } from 'node:zlib';
import { encodeTarHeader, padding, type TarHeader, tarEnd } from './tar-header.ts';

/** An entry with its content; a directory has none. */
export interface TarEntry extends TarHeader {
  readonly content?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Modes that every archive has, whatever the tree says (source spec 2.5). */
export const tarModes = { directory: 0o750, file: 0o600, executable: 0o700 } as const;

/** Small blocks are gathered: each write to zlib is a trip to another thread. */
const batchBytes = 128 * 1024;

/**
 * The bytes of a tar with these entries, in pieces of about 128 KiB.
 * @throws TypeError when a content is not as long as its entry says
 */
export async function* tarBytes(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>): AsyncGenerator<Buffer> {
  let batch: Uint8Array[] = [];
  let batched = 0;
  for await (const block of tarBlocks(entries)) {
    batch.push(block);
    batched += block.length;
    if (batched < batchBytes) continue;
    yield Buffer.concat(batch, batched);
    batch = [];
    batched = 0;
  }
  yield Buffer.concat(batch, batched);
}

async function* tarBlocks(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    yield encodeTarHeader(entry);
    const content = entry.content ?? new Uint8Array(0);
    let written = 0;
    if (content instanceof Uint8Array) {
      written = content.length;
      yield content;
    } else {
      for await (const piece of content) {
        written += piece.length;
        yield piece;
      }
    }
    if (written !== entry.sizeBytes) {
      throw new TypeError(`cannot archive "${entry.name}": it has ${written} bytes, expected ${entry.sizeBytes}`);
    }
    yield padding(written);
  }
  yield tarEnd();
}

/** Deflate, no flags, no time, default level, unknown system: the header that Go's gzip writes. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** Compresses with a gzip header that holds neither a time nor a system, so that equal input gives equal output. */
export async function* gzipBytes(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const deflate = createDeflateRaw({ level: constants.Z_DEFAULT_COMPRESSION });
  // An input that fails while nobody reads yet is told by the loop below, not by an event without listener.
  deflate.on('error', () => undefined);
  let checksum = 0;
  let length = 0;
  const feed = async (): Promise<void> => {
    for await (const piece of input) {
      checksum = crc32(piece, checksum);
      length += piece.length;
      if (!deflate.write(piece)) await once(deflate, 'drain');
    }
    deflate.end();
  };
  const fed = feed().catch((error: unknown) => {
    deflate.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    yield gzipHeader;
    yield* deflate;
    await fed;
  } finally {
    deflate.destroy();
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  yield trailer;
}
