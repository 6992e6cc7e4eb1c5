import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './git-error.ts';

/** A pack as received and checked against its own checksum: in memory while small, else in a file that has no name any more. */
export interface SpooledPack extends Disposable {
  /** Without the checksum at its end. */
  readonly sizeBytes: number;
  /** Up to `length` bytes; fewer at the end. What it returns may be overwritten by the next read. */
  read(offset: number, length: number): Buffer;
}

export interface SpoolOptions {
  /** Folder for packs that are too large for memory. */
  readonly dir: string;
  /** @throws GitError 'tooLarge' above this */
  readonly maxBytes: number;
  /** Kept in memory up to this many bytes (default 8 MiB). */
  readonly memoryBytes?: number | undefined;
}

const checksumBytes = 20;
const windowBytes = 1024 * 1024;

/** Takes a pack off the network. */
export async function spoolPack(pieces: AsyncIterable<Uint8Array>, options: SpoolOptions): Promise<SpooledPack> {
  const inMemory = options.memoryBytes ?? 8 * 1024 * 1024;
  const hash = createHash('sha1');
  const kept: Uint8Array[] = [];
  let sizeBytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  let file: FileHandle | undefined;
  const path = join(options.dir, `pack-${randomUUID()}`);
  try {
    for await (const piece of pieces) {
      sizeBytes += piece.length;
      if (sizeBytes > options.maxBytes) {
        throw new GitError('tooLarge', `cannot fetch: the pack is larger than ${options.maxBytes} bytes`);
      }
      const withTail =
        tail.length === 0
          ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
          : Buffer.concat([tail, piece]);
      const hashed = Math.max(0, withTail.length - checksumBytes);
      hash.update(withTail.subarray(0, hashed));
      tail = withTail.subarray(hashed);
      if (file === undefined && sizeBytes > inMemory) {
        file = await open(path, 'wx', 0o600);
        for (const early of kept.splice(0)) await file.writeFile(early);
      }
      if (file === undefined) kept.push(piece);
      else await file.writeFile(piece);
    }
    if (hash.digest('hex') !== tail.toString('hex')) {
      throw new GitError('badPack', 'cannot read the pack: its checksum does not match');
    }
    if (file === undefined) return memoryPack(Buffer.concat(kept), sizeBytes - checksumBytes);
    await file.close();
    return filePack(path, sizeBytes - checksumBytes);
  } catch (error) {
    await file?.close().catch(() => undefined);
    if (file !== undefined) unlinkSync(path);
    throw error;
  }
}

function memoryPack(bytes: Buffer, sizeBytes: number): SpooledPack {
  return {
    sizeBytes,
    read: (offset, length) => bytes.subarray(offset, Math.min(offset + length, sizeBytes)),
    [Symbol.dispose]: () => undefined,
  };
}

/** The name goes at once: a killed process leaves nothing behind. Reads are served from a window, as most are in order. */
function filePack(path: string, sizeBytes: number): SpooledPack {
  const fd = openSync(path, 'r');
  unlinkSync(path);
  let window = Buffer.allocUnsafe(windowBytes);
  let windowStart = 0;
  let windowLength = 0;
  let isOpen = true;
  return {
    sizeBytes,
    read: (offset, length) => {
      const end = Math.min(offset + length, sizeBytes);
      if (offset < windowStart || end > windowStart + windowLength) {
        // Reading ahead pays for those who go through in order; a jump reads little more than was asked for.
        const inOrder = offset >= windowStart && offset <= windowStart + windowLength;
        const wanted = Math.max(length, inOrder ? windowBytes : 16 * 1024);
        if (wanted > window.length) window = Buffer.allocUnsafe(wanted);
        windowStart = offset;
        windowLength = readSync(fd, window, 0, Math.max(0, Math.min(wanted, sizeBytes - offset)), offset);
      }
      return window.subarray(
        offset - windowStart,
        Math.max(0, Math.min(end, windowStart + windowLength) - windowStart),
      );
    },
    [Symbol.dispose]: () => {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}
