import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FetchOptions, fetchArtifact } from './fetch.ts';

export interface ArtifactRequest {
  readonly url: string;
  readonly digest: string;
  /** Only told in errors and logs; the digest decides. */
  readonly revision: string;
}

/** A folder with an artifact's content, shared with other holders: read only. It stays until disposed. */
export interface UnpackedArtifact extends AsyncDisposable {
  readonly path: string;
}

export interface ArtifactCache {
  /**
   * The unpacked artifact with this digest: from the cache, or downloaded. Callers who ask for the same digest at the same time
   * share one download.
   * @throws ArtifactError as fetchArtifact does
   */
  acquire(artifact: ArtifactRequest, options?: { readonly signal?: AbortSignal }): Promise<UnpackedArtifact>;
}

export interface ArtifactCacheOptions {
  /** Emptied when the cache opens: what a killed process left is of no use. */
  readonly dir: string;
  /** Unused folders kept; those in use do not count. */
  readonly maxEntries: number;
  readonly http?: Omit<FetchOptions, 'signal'>;
}

interface Entry {
  readonly path: string;
  readonly ready: Promise<unknown>;
  readonly abort: AbortController;
  users: number;
  loaded: boolean;
}

export async function openArtifactCache(options: ArtifactCacheOptions): Promise<ArtifactCache> {
  await rm(options.dir, { recursive: true, force: true });
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  return new FolderCache(options);
}

class FolderCache implements ArtifactCache {
  readonly #options: ArtifactCacheOptions;
  /** In the order of last use, oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: ArtifactCacheOptions) {
    this.#options = options;
  }

  async acquire(artifact: ArtifactRequest, options: { readonly signal?: AbortSignal } = {}): Promise<UnpackedArtifact> {
    options.signal?.throwIfAborted();
    const key = artifact.digest;
    const entry = this.#entries.get(key) ?? this.#load(artifact);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      await orAborted(entry.ready, options.signal);
    } catch (error) {
      await this.#release(key, entry);
      throw error;
    }
    let held = true;
    return {
      path: entry.path,
      [Symbol.asyncDispose]: async () => {
        if (held) await this.#release(key, entry);
        held = false;
      },
    };
  }

  /** The download belongs to all who wait for it, so none of their signals ends it: it ends when the last of them leaves. */
  #load(artifact: ArtifactRequest): Entry {
    const abort = new AbortController();
    const path = join(this.#options.dir, randomUUID());
    const staging = `${path}.part`;
    const load = async (): Promise<void> => {
      await fetchArtifact(artifact, staging, { ...this.#options.http, signal: abort.signal });
      await rename(staging, path);
      entry.loaded = true;
    };
    const entry: Entry = { path, ready: Promise.resolve().then(load), abort, users: 0, loaded: false };
    entry.ready.catch(() => {
      if (this.#entries.get(artifact.digest) === entry) this.#entries.delete(artifact.digest);
    });
    return entry;
  }

  async #release(key: string, entry: Entry): Promise<void> {
    if (--entry.users > 0) return;
    if (!entry.loaded) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      entry.abort.abort(new DOMException('nobody waits for the download any more', 'AbortError'));
      await entry.ready.catch(() => undefined);
      await rm(entry.path, { recursive: true, force: true });
      return;
    }
    const idle = [...this.#entries].filter(([, other]) => other.users === 0 && other.loaded);
    for (const [oldKey, old] of idle.slice(0, Math.max(0, idle.length - this.#options.maxEntries))) {
      this.#entries.delete(oldKey);
      await rm(old.path, { recursive: true, force: true });
    }
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
