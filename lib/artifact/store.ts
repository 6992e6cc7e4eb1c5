import { randomUUID } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rename, rm, symlink, unlink, utimes } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { createGunzip } from 'node:zlib';
import { KeyedLock } from '#concurrency';
import type { DigestAlgorithm } from '#crds';
import { artifactUrl } from './address.ts';
import { gzipBytes } from './archive.ts';
import { ArtifactError } from './artifact-error.ts';
import { createHasher, equalHex, formatDigest, readDigest } from './digest.ts';
import { type Retention, type StoredFile, selectGarbage } from './retention.ts';

/** Whose archive it is; its folder is `<kind in lower case>/<namespace>/<name>`. */
export interface Owner {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface StoreOptions {
  /** It must exist: a store that makes its own root hides a volume that is not mounted. */
  readonly dir: string;
  /** Host (and port) of the URLs handed out, see advertisedAddress. */
  readonly advertisedAddress: string;
  readonly algorithm: DigestAlgorithm;
  readonly retention: Retention;
}

/** What `status.artifact` needs to know of a stored file. */
export interface StoredArtifact {
  readonly path: string;
  readonly url: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly updatedAt: Date;
}

/** Begins the names of files that are being written; they are never served, and collected like others when a crash leaves one. */
export const temporaryPrefix = '.tmp-';

/** A collection looks at no more files than this. */
const mostFiles = 1000;

/** Archives on disk. A file appears whole or not at all, and is replaced at once, because it is being served meanwhile. */
export class ArtifactStore {
  readonly #options: StoreOptions;
  /** One process holds the store (leadership), so a lock in memory does what Flux's lock files do. */
  readonly #writers = new KeyedLock();
  /** Digests known to be right, by path, for as long as the file is not touched: a no-op run reads no archive. */
  readonly #verified = new Map<string, { readonly identity: string; readonly digest: string }>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Of the digests in status. */
  get algorithm(): DigestAlgorithm {
    return this.#options.algorithm;
  }

  /**
   * Path of a file relative to the root of the store.
   * @throws ArtifactError 'badPath' when a part would leave its folder
   */
  path(owner: Owner, file: string): string {
    const parts = [owner.kind.toLowerCase(), owner.namespace, owner.name, file];
    for (const part of parts) {
      if (part === '' || part === '.' || part === '..' || /[/\\\0]/.test(part)) {
        throw new ArtifactError(
          'badPath',
          `cannot store artifact under ${JSON.stringify(parts)}: "${part}" is no file name`,
        );
      }
    }
    return parts.join('/');
  }

  url(path: string): string {
    return artifactUrl(this.#options.advertisedAddress, path);
  }

  /**
   * Compresses a tar into the store. Where an equal tree is stored at that path already, its bytes are kept: another zlib (a new
   * Node) may compress differently, and a new digest would wake every consumer for nothing.
   */
  async write(owner: Owner, file: string, tar: AsyncIterable<Uint8Array>): Promise<StoredArtifact> {
    const path = this.path(owner, file);
    using _lock = await this.#writers.acquire(path);
    const target = this.#onDisk(path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const temporary = join(dirname(target), `${temporaryPrefix}${randomUUID()}`);
    try {
      const written = await this.#writeTemporary(temporary, tar);
      const kept = await this.#sameTree(target, written.tarHex);
      if (kept === undefined) await rename(temporary, target);
      else await utimes(target, new Date(), new Date()); // as if written now: its time counts from here
      const stored = kept ?? written;
      const digest = formatDigest({ algorithm: this.#options.algorithm, hex: stored.hex });
      this.#verified.set(path, { identity: identityOf(await lstat(target)), digest });
      return { path, url: this.url(path), digest, sizeBytes: stored.sizeBytes, updatedAt: new Date() };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Stores bytes as they are: a chart, an index, a layer that is to be copied. */
  async writeFile(owner: Owner, file: string, content: AsyncIterable<Uint8Array>): Promise<StoredArtifact> {
    const path = this.path(owner, file);
    using _lock = await this.#writers.acquire(path);
    const target = this.#onDisk(path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const temporary = join(dirname(target), `${temporaryPrefix}${randomUUID()}`);
    try {
      const written = await this.#writePlain(temporary, content);
      await rename(temporary, target);
      const digest = formatDigest({ algorithm: this.#options.algorithm, hex: written.hex });
      this.#verified.set(path, { identity: identityOf(await lstat(target)), digest });
      return { path, url: this.url(path), digest, sizeBytes: written.sizeBytes, updatedAt: new Date() };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #writePlain(path: string, content: AsyncIterable<Uint8Array>): Promise<Pick<Written, 'hex' | 'sizeBytes'>> {
    const stored = createHasher(this.#options.algorithm);
    let sizeBytes = 0;
    await using file = await open(path, 'wx', 0o600);
    for await (const piece of content) {
      stored.update(piece);
      sizeBytes += piece.length;
      await file.writeFile(piece);
    }
    await chmod(path, 0o600);
    return { hex: stored.digest(), sizeBytes };
  }

  /**
   * Points a symbolic link beside the archives at one of them, for those who want the newest whatever its name.
   * @returns the URL of the link
   */
  async link(owner: Owner, name: string, file: string): Promise<string> {
    const path = this.path(owner, name);
    const target = this.#onDisk(path);
    using _lock = await this.#writers.acquire(path);
    const temporary = join(dirname(target), `${temporaryPrefix}${randomUUID()}`);
    await symlink(posix.basename(this.path(owner, file)), temporary);
    try {
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return this.url(path);
  }

  /**
   * Where a stored file is on disk, for those who read it in this process.
   * @throws ArtifactError 'badPath'
   */
  filePath(path: string): string {
    return this.#onDisk(path);
  }

  async #writeTemporary(path: string, tar: AsyncIterable<Uint8Array>): Promise<Written> {
    const stored = createHasher(this.#options.algorithm);
    const plain = createHasher('sha256');
    let sizeBytes = 0;
    async function* hashed(): AsyncGenerator<Uint8Array> {
      for await (const piece of tar) {
        plain.update(piece);
        yield piece;
      }
    }
    await using file = await open(path, 'wx', 0o600);
    for await (const piece of gzipBytes(hashed())) {
      stored.update(piece);
      sizeBytes += piece.length;
      await file.writeFile(piece);
    }
    await chmod(path, 0o600); // whatever the umask left of it
    return { hex: stored.digest(), tarHex: plain.digest(), sizeBytes };
  }

  /** What is stored at `target` when it unpacks to the tar with that SHA-256, byte for byte. */
  async #sameTree(target: string, tarHex: string): Promise<Written | undefined> {
    const stats = await statFile(target);
    if (stats === undefined) return undefined;
    const stored = createHasher(this.#options.algorithm);
    const plain = createHasher('sha256');
    try {
      const source = createReadStream(target);
      source.on('data', (piece) => {
        if (typeof piece !== 'string') stored.update(piece);
      });
      const unzip = createGunzip();
      source.on('error', (error) => unzip.destroy(error));
      for await (const piece of source.pipe(unzip)) plain.update(piece);
    } catch {
      return undefined; // corrupt: to be replaced
    }
    const same = equalHex(plain.digest(), tarHex);
    return same ? { hex: stored.digest(), tarHex, sizeBytes: stats.size } : undefined;
  }

  /** Whether the store still holds what status says it does. */
  async check(artifact: { readonly path: string; readonly digest: string }): Promise<'intact' | 'missing' | 'corrupt'> {
    const target = this.#onDisk(artifact.path);
    const stats = await statFile(target);
    if (stats === undefined) return 'missing';
    const identity = identityOf(stats);
    const known = this.#verified.get(artifact.path);
    if (known?.identity === identity && known.digest === artifact.digest) return 'intact';
    let expected: ReturnType<typeof readDigest>;
    try {
      expected = readDigest(artifact.digest);
    } catch {
      return 'corrupt';
    }
    const hasher = createHasher(expected.algorithm);
    for await (const piece of createReadStream(target)) hasher.update(piece);
    if (!equalHex(hasher.digest(), expected.hex)) return 'corrupt';
    this.#verified.set(artifact.path, { identity, digest: artifact.digest });
    return 'intact';
  }

  /** Deletes one file; it need not exist. */
  async remove(path: string): Promise<void> {
    this.#verified.delete(path);
    await rm(this.#onDisk(path), { force: true });
  }

  /**
   * Deletes what retention does not keep of an object's files.
   * @param currentPath what status points at
   * @returns how many files went
   */
  async collectGarbage(
    owner: Owner,
    currentPath: string | undefined,
    now: Date,
    signal?: AbortSignal,
  ): Promise<number> {
    const folder = posix.dirname(this.path(owner, 'x'));
    const files: StoredFile[] = [];
    for (const entry of await listFolder(this.#onDisk(folder))) {
      if (files.length === mostFiles) break;
      if (!entry.isFile() || entry.name.endsWith('.lock')) continue;
      const path = posix.join(folder, entry.name);
      const stats = await statFile(this.#onDisk(path));
      if (stats !== undefined) files.push({ path, modifiedAt: stats.mtime, current: path === currentPath });
      signal?.throwIfAborted();
    }
    const garbage = selectGarbage(files, this.#options.retention, now);
    for (const file of garbage) {
      signal?.throwIfAborted();
      await this.remove(file.path);
      await rm(this.#onDisk(`${file.path}.lock`), { force: true }); // left by Flux on a volume taken over
    }
    return garbage.length;
  }

  /** Deletes the folder of an object that is gone. @returns whether there was one */
  async removeAll(owner: Owner): Promise<boolean> {
    const folder = posix.dirname(this.path(owner, 'x'));
    const existed = (await statAny(this.#onDisk(folder))) !== undefined;
    await rm(this.#onDisk(folder), { recursive: true, force: true });
    for (const path of this.#verified.keys()) if (path.startsWith(`${folder}/`)) this.#verified.delete(path);
    return existed;
  }

  /** Deletes a symbolic link that earlier versions of Flux kept beside the archives. */
  async removeLink(owner: Owner, name: string): Promise<void> {
    await unlink(this.#onDisk(this.path(owner, name))).catch(() => undefined);
  }

  /** Whether a path, as status has it, is a file name in the folder of that owner. */
  owns(owner: Owner, path: string): boolean {
    const file = posix.basename(path);
    return file !== '..' && file !== '' && path === `${posix.dirname(this.path(owner, 'x'))}/${file}`;
  }

  /** Paths come out of status, which others can write, so they are checked here again. */
  #onDisk(path: string): string {
    if (path.includes('\0') || posix.normalize(`/${path}`) !== `/${path}`) {
      throw new ArtifactError('badPath', `cannot use artifact path ${JSON.stringify(path)}: it leads out of the store`);
    }
    return join(this.#options.dir, path);
  }
}

interface Written {
  readonly hex: string;
  readonly tarHex: string;
  readonly sizeBytes: number;
}

/** Changes with every write, and cannot be set back by one who writes. */
function identityOf(stats: Stats): string {
  return `${stats.ino}-${stats.size}-${stats.mtimeMs}-${stats.ctimeMs}`;
}

async function statAny(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function statFile(path: string): Promise<Stats | undefined> {
  const stats = await statAny(path);
  return stats?.isFile() === true ? stats : undefined;
}

async function listFolder(path: string): Promise<import('node:fs').Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
