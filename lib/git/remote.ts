import { GitError } from './git-error.ts';
import { HttpConnection, type HttpOptions } from './http-connection.ts';
import { abortError } from './http-failure.ts';
import { Pack, type PackLimits } from './pack.ts';
import { spoolPack } from './pack-spool.ts';
import {
  type Advertisement,
  listRefs,
  type PackRequest,
  readAdvertisement,
  type RemoteRef,
  requestPack,
} from './protocol.ts';
import { Snapshot } from './snapshot.ts';
import { type SshOptions, SshConnection } from './ssh/ssh-connection.ts';
import type { UploadPack } from './upload-pack.ts';

/** A repository somewhere else, behind one transport. */
export interface GitRemote extends AsyncDisposable {
  /** Without userinfo. */
  readonly url: string;
  /**
   * The references whose names begin with one of `prefixes`.
   * @throws GitError
   */
  listRefs(prefixes: readonly string[], signal: AbortSignal): Promise<readonly RemoteRef[]>;
  /**
   * Fetches objects with what they lead to.
   * @throws GitError 'objectNotFound' when the remote does not give one of them
   */
  fetch(request: PackRequest, signal: AbortSignal): Promise<Snapshot>;
}

export interface FetchLimits {
  /** Folder for packs too large for memory. */
  readonly dir: string;
  /** Of one pack (default 4 GiB). */
  readonly maxPackBytes?: number | undefined;
  /** Packs up to this size stay in memory (default 8 MiB). */
  readonly memoryBytes?: number | undefined;
  readonly pack?: Partial<PackLimits> | undefined;
}

/** A repository over http or https: Git's smart protocol, version 2 with 0 and 1 as what older servers speak. */
export function openHttpRemote(options: HttpOptions, limits: FetchLimits): GitRemote {
  return new PackRemote(new HttpConnection(options), limits);
}

/** A repository over SSH: the same protocol, spoken with `git-upload-pack` on the other side. */
export function openSshRemote(options: SshOptions, limits: FetchLimits): GitRemote {
  return new PackRemote(new SshConnection(options), limits);
}

class PackRemote implements GitRemote {
  readonly #connection: UploadPack;
  readonly #limits: FetchLimits;
  #advertised: Advertisement | undefined;

  constructor(connection: UploadPack, limits: FetchLimits) {
    this.#connection = connection;
    this.#limits = limits;
  }

  get url(): string {
    return this.#connection.url;
  }

  async listRefs(prefixes: readonly string[], signal: AbortSignal): Promise<readonly RemoteRef[]> {
    const advertised = await this.#advertisement(signal);
    return await listRefs(this.#connection, advertised, prefixes, signal);
  }

  async fetch(request: PackRequest, signal: AbortSignal): Promise<Snapshot> {
    const advertised = await this.#advertisement(signal);
    const pieces = requestPack(this.#connection, advertised, request, signal);
    const source = await spoolPack(pieces, {
      dir: this.#limits.dir,
      maxBytes: this.#limits.maxPackBytes ?? 4 * 1024 ** 3,
      memoryBytes: this.#limits.memoryBytes,
    });
    try {
      const pack = await Pack.open(source, signal, this.#limits.pack);
      for (const oid of request.wants) if (!pack.has(oid)) throw new GitError('objectNotFound', 'object not found');
      return new Snapshot(pack, source);
    } catch (error) {
      source[Symbol.dispose]();
      throw signal.aborted ? abortError(signal, `read "${this.url}"`) : error;
    }
  }

  async #advertisement(signal: AbortSignal): Promise<Advertisement> {
    this.#advertised ??= await readAdvertisement(this.#connection, signal);
    return this.#advertised;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}
