import { constants } from 'node:fs';
import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ArtifactError } from './artifact-error.ts';
import { readTar, type TarReadEntry } from './tar-reader.ts';

/** Bounds of what an archive may become. */
export interface UnpackLimits {
  /** Sum of all contents, in bytes. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Parts of a path. */
  readonly maxDepth: number;
}

const writeFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

const defaultLimits: UnpackLimits = { maxBytes: 2 * 1024 ** 3, maxEntries: 500_000, maxDepth: 128 };

/**
 * Unpacks a gzip tar under `dir`: folders and regular files only. Symbolic links are dropped without a word, as Flux's consumers do;
 * hard links, devices and whatever else are refused. A file may come without entries for its folders (source spec trap 28).
 * After a failure nothing is left at `dir`.
 * @throws ArtifactError 'badArchive' | 'tooLarge'
 */
export async function unpackTarGz(input: Readable, dir: string, limits: Partial<UnpackLimits> = {}): Promise<void> {
  const unzip = createGunzip({ chunkSize: 128 * 1024 });
  input.once('error', (error) => unzip.destroy(error));
  const folder = new Unpacking(dir, { ...defaultLimits, ...limits });
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for await (const entry of readTar(input.pipe(unzip))) await folder.add(entry);
    await folder.finish();
  } catch (error) {
    await folder.finish().catch(() => undefined); // nothing may be written any more when the folder goes
    await rm(dir, { recursive: true, force: true });
    throw archiveError(error);
  } finally {
    input.destroy();
    unzip.destroy();
  }
}

function archiveError(error: unknown): unknown {
  if (error instanceof ArtifactError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // What zlib and the tar reader complain of is the archive; what the disk complains of is not.
  const fromArchive = code.startsWith('Z_');
  if (!fromArchive || !(error instanceof Error)) return error;
  return new ArtifactError('badArchive', `cannot unpack artifact: ${error.message}`, { cause: error });
}

/** Files up to this size are written beside each other; larger ones in pieces, alone. */
const smallBytes = 256 * 1024;
const mostWrites = 16;

class Unpacking {
  readonly #dir: string;
  readonly #limits: UnpackLimits;
  readonly #made = new Set<string>();
  /** Writes under way, by path: creating files costs a file system more waiting than work. */
  readonly #writes = new Map<string, Promise<void>>();
  #bytes = 0;
  #entries = 0;

  constructor(dir: string, limits: UnpackLimits) {
    this.#dir = dir;
    this.#limits = limits;
    this.#made.add(dir);
  }

  async add(entry: TarReadEntry): Promise<void> {
    if (++this.#entries > this.#limits.maxEntries) {
      throw new ArtifactError('tooLarge', `cannot unpack artifact: more than ${this.#limits.maxEntries} entries`);
    }
    const path = this.#inside(entry.name);
    switch (entry.type) {
      case 'symlink':
        return;
      case 'directory':
        return await this.#makeFolder(path);
      case 'file':
        return await this.#writeFile(path, entry);
      case 'other':
        throw new ArtifactError('badArchive', `cannot unpack "${entry.name}": expected a file or directory`);
    }
  }

  /** Resolves when nothing is being written any more; rejects with the first write that failed. */
  async finish(): Promise<void> {
    const ends = await Promise.allSettled(this.#writes.values());
    this.#writes.clear();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Where an entry goes. Every refusal is here, so nothing else needs to distrust a name. */
  #inside(name: string): string {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (name.startsWith('/') || name.includes('\0') || parts.includes('..')) {
      throw new ArtifactError('badArchive', `cannot unpack ${JSON.stringify(name)}: it leads out of the archive`);
    }
    if (parts.length > this.#limits.maxDepth) {
      throw new ArtifactError(
        'tooLarge',
        `cannot unpack ${JSON.stringify(name)}: deeper than ${this.#limits.maxDepth} folders`,
      );
    }
    return join(this.#dir, ...parts);
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#made.has(path)) return;
    try {
      // The cheap way when the folder above is known; a file may also come without entries for its folders.
      await mkdir(path, { recursive: !this.#made.has(dirname(path)), mode: 0o750 });
    } catch (error) {
      if (!(await isFolder(path))) throw clash(path, error);
    }
    this.#made.add(path);
  }

  async #writeFile(path: string, entry: TarReadEntry): Promise<void> {
    await this.#makeFolder(dirname(path));
    const mode = (entry.mode & 0o111) === 0 ? 0o600 : 0o700;
    if (entry.sizeBytes > smallBytes || this.#writes.has(path)) {
      await this.finish();
      await this.#write(path, mode, this.#counted(entry));
      return;
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#counted(entry)) pieces.push(Buffer.from(piece));
    if (this.#writes.size >= mostWrites) await Promise.race(this.#writes.values());
    const write = this.#write(path, mode, Buffer.concat(pieces));
    this.#writes.set(path, write);
    // One that failed stays, for `finish` to tell.
    write.then(
      () => this.#writes.delete(path),
      () => undefined,
    );
  }

  async #write(path: string, mode: number, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await writeFile(path, content, { mode, flag: writeFlags });
    } catch (error) {
      throw clash(path, error);
    }
  }

  async *#counted(entry: TarReadEntry): AsyncGenerator<Uint8Array> {
    for await (const piece of entry.content) {
      this.#bytes += piece.length;
      if (this.#bytes > this.#limits.maxBytes) {
        throw new ArtifactError('tooLarge', `cannot unpack artifact: larger than ${this.#limits.maxBytes} bytes`);
      }
      yield piece;
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isDirectory() === true;
}

/** A folder where the archive already put a file, or the other way round, or a name longer than the disk takes. */
function clash(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EEXIST' && code !== 'ENOTDIR' && code !== 'EISDIR' && code !== 'ENAMETOOLONG') return error;
  return new ArtifactError('badArchive', `cannot unpack "${path}": ${error instanceof Error ? error.message : ''}`, {
    cause: error,
  });
}
