import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createInflate, inflateSync } from 'node:zlib';
import { applyDelta } from './delta.ts';
import { GitError } from './git-error.ts';
import type { SpooledPack } from './pack-spool.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface PackLimits {
  readonly maxObjects: number;
  /** Of one object, unpacked; larger whole blobs are streamed and not bound by it. */
  readonly maxObjectBytes: number;
  readonly maxDeltaDepth: number;
  /** Unpacked objects kept for those who need them next. */
  readonly cacheBytes: number;
}

export const defaultPackLimits: PackLimits = {
  maxObjects: 2_000_000,
  maxObjectBytes: 256 * 1024 * 1024,
  maxDeltaDepth: 4096,
  cacheBytes: 16 * 1024 * 1024,
};

/** Whole objects above this are inflated in pieces, never held at once. */
const streamedBytes = 4 * 1024 * 1024;
/** The loop gives way to the rest of the process after this many milliseconds. */
const sliceMs = 20;

interface Entry {
  readonly type: ObjectType | 'delta';
  /** Of what is deflated: the object, or the delta. */
  readonly sizeBytes: number;
  readonly dataOffset: number;
  /** Of a delta: where its base begins in the pack, or which object it is. */
  readonly base: number | string | undefined;
}

interface Loaded {
  readonly type: ObjectType;
  readonly bytes: Buffer;
}

const objectTypes: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };

/** The objects of a pack, by their SHA-1, which is computed here: nothing is taken on trust. */
export class Pack {
  readonly #source: SpooledPack;
  readonly #limits: PackLimits;
  readonly #entries = new Map<number, Entry>();
  readonly #offsets = new Map<string, number>();
  readonly #cache = new Map<number, Loaded>();
  #cachedBytes = 0;

  private constructor(source: SpooledPack, limits: PackLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  /** @throws GitError 'badPack' | 'tooLarge' */
  static async open(source: SpooledPack, signal?: AbortSignal, limits: Partial<PackLimits> = {}): Promise<Pack> {
    const pack = new Pack(source, { ...defaultPackLimits, ...limits });
    await pack.#index(signal);
    return pack;
  }

  has(oid: string): boolean {
    return this.#offsets.has(oid);
  }

  get objectCount(): number {
    return this.#offsets.size;
  }

  /**
   * A whole object in memory.
   * @throws GitError 'objectNotFound' | 'badPack' | 'tooLarge'
   */
  read(oid: string): Loaded {
    return this.#load(this.#offsetOf(oid));
  }

  /** Size and content of a blob, in pieces when it is large. */
  readBlob(oid: string): { readonly sizeBytes: number; readonly content: Uint8Array | AsyncIterable<Uint8Array> } {
    const offset = this.#offsetOf(oid);
    const entry = this.#entry(offset);
    if (entry.type === 'blob' && entry.sizeBytes > streamedBytes) {
      return { sizeBytes: entry.sizeBytes, content: this.#stream(entry) };
    }
    const { type, bytes } = this.#load(offset);
    if (type !== 'blob') throw new GitError('badPack', `cannot read object ${oid}: it is a ${type}, expected a blob`);
    return { sizeBytes: bytes.length, content: bytes };
  }

  async #index(signal: AbortSignal | undefined): Promise<void> {
    const header = this.#source.read(0, 12);
    if (header.length < 12 || header.toString('latin1', 0, 4) !== 'PACK')
      throw new GitError('badPack', 'cannot read the pack: it is none');
    const version = header.readUInt32BE(4);
    const count = header.readUInt32BE(8);
    if (version !== 2 && version !== 3)
      throw new GitError('badPack', `cannot read the pack: version ${version} is not supported`);
    if (count > this.#limits.maxObjects) {
      throw new GitError(
        'tooLarge',
        `cannot read the pack: it has ${count} objects, more than ${this.#limits.maxObjects}`,
      );
    }
    const pace = new Pace(signal);
    const deltas: number[] = [];
    let offset = 12;
    for (let index = 0; index < count; index++) {
      const entry = this.#readHeader(offset);
      this.#entries.set(offset, entry);
      if (entry.type === 'delta') deltas.push(offset);
      const consumed = await this.#hashEntry(offset, entry);
      offset = entry.dataOffset + consumed;
      await pace.step();
    }
    if (offset !== this.#source.sizeBytes)
      throw new GitError('badPack', 'cannot read the pack: garbage after its last object');
    await this.#resolveDeltas(deltas, pace);
  }

  /** @returns how many deflated bytes the entry has */
  async #hashEntry(offset: number, entry: Entry): Promise<number> {
    if (entry.type !== 'delta' && entry.sizeBytes > streamedBytes) {
      const hash = createHash('sha1').update(`${entry.type} ${entry.sizeBytes}\0`);
      const consumed = { bytes: 0 };
      for await (const piece of this.#stream(entry, consumed)) hash.update(piece);
      this.#offsets.set(hash.digest('hex'), offset);
      return consumed.bytes;
    }
    const { bytes, consumed } = this.#inflate(entry);
    if (entry.type !== 'delta') this.#add(offset, { type: entry.type, bytes });
    return consumed;
  }

  #add(offset: number, object: Loaded): void {
    this.#offsets.set(oidOf(object), offset);
    this.#remember(offset, object);
  }

  #readHeader(offset: number): Entry {
    const bytes = this.#source.read(offset, 64);
    let at = 0;
    const next = (): number => {
      const byte = bytes[at++];
      if (byte === undefined) throw new GitError('badPack', 'cannot read the pack: unexpected EOF');
      return byte;
    };
    let byte = next();
    const code = (byte >> 4) & 7;
    let sizeBytes = byte & 15;
    for (let factor = 16; (byte & 0x80) !== 0; factor *= 128) {
      byte = next();
      sizeBytes += (byte & 0x7f) * factor;
      if (factor > 2 ** 42) throw new GitError('badPack', 'cannot read the pack: an object has an impossible size');
    }
    const type = objectTypes[code];
    if (type !== undefined) return { type, sizeBytes, dataOffset: offset + at, base: undefined };
    if (code === 6) {
      byte = next();
      let distance = byte & 0x7f;
      while ((byte & 0x80) !== 0) {
        byte = next();
        distance = (distance + 1) * 128 + (byte & 0x7f);
        if (distance > offset) break;
      }
      if (distance <= 0 || !this.#entries.has(offset - distance)) {
        throw new GitError('badPack', 'cannot read the pack: a delta names a base that is not there');
      }
      return { type: 'delta', sizeBytes, dataOffset: offset + at, base: offset - distance };
    }
    if (code !== 7 || bytes.length < at + 20)
      throw new GitError('badPack', `cannot read the pack: object type ${code} is not known`);
    const base = bytes.toString('hex', at, at + 20);
    return { type: 'delta', sizeBytes, dataOffset: offset + at + 20, base };
  }

  /** Deltas may name bases that come later; each round resolves those whose base is known. */
  async #resolveDeltas(deltas: readonly number[], pace: Pace): Promise<void> {
    let waiting = deltas;
    while (waiting.length > 0) {
      const later: number[] = [];
      for (const offset of waiting) {
        if (this.#isResolvable(offset)) this.#add(offset, this.#load(offset));
        else later.push(offset);
        await pace.step();
      }
      if (later.length === waiting.length) {
        throw new GitError('badPack', `cannot read the pack: ${later.length} deltas have no base`);
      }
      waiting = later;
    }
  }

  #isResolvable(start: number): boolean {
    let offset: number | undefined = start;
    for (let depth = 0; offset !== undefined && depth <= this.#limits.maxDeltaDepth; depth++) {
      const { type, base }: Entry = this.#entry(offset);
      if (type !== 'delta') return true;
      offset = typeof base === 'string' ? this.#offsets.get(base) : base;
    }
    if (offset === undefined) return false;
    throw new GitError(
      'tooLarge',
      `cannot read the pack: a chain of deltas is longer than ${this.#limits.maxDeltaDepth}`,
    );
  }

  #load(start: number): Loaded {
    const chain: { readonly offset: number; readonly entry: Entry }[] = [];
    let offset = start;
    let loaded: Loaded | undefined;
    while (loaded === undefined) {
      loaded = this.#cache.get(offset);
      if (loaded !== undefined) break;
      const entry = this.#entry(offset);
      if (entry.type !== 'delta') {
        loaded = { type: entry.type, bytes: this.#inflate(entry).bytes };
        this.#remember(offset, loaded);
        break;
      }
      chain.push({ offset, entry });
      if (chain.length > this.#limits.maxDeltaDepth) {
        throw new GitError(
          'tooLarge',
          `cannot read the pack: a chain of deltas is longer than ${this.#limits.maxDeltaDepth}`,
        );
      }
      offset = typeof entry.base === 'number' ? entry.base : this.#offsetOf(String(entry.base));
    }
    for (const link of chain.toReversed()) {
      const bytes = applyDelta(loaded.bytes, this.#inflate(link.entry).bytes, this.#limits.maxObjectBytes);
      loaded = { type: loaded.type, bytes };
      this.#remember(link.offset, loaded);
    }
    return loaded;
  }

  #inflate(entry: Entry): { readonly bytes: Buffer; readonly consumed: number } {
    if (entry.sizeBytes > this.#limits.maxObjectBytes) {
      throw new GitError(
        'tooLarge',
        `cannot read the pack: an object is larger than ${this.#limits.maxObjectBytes} bytes`,
      );
    }
    // More than any deflate grows by; what is read too much is not used.
    const most = Math.ceil(entry.sizeBytes * 1.25) + 1024;
    let result: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    try {
      result = inflateInfo(this.#source.read(entry.dataOffset, most), entry.sizeBytes);
    } catch (error) {
      throw new GitError('badPack', 'cannot read the pack: an object does not inflate', { cause: error });
    }
    if (result.buffer.length !== entry.sizeBytes) {
      throw new GitError('badPack', 'cannot read the pack: an object is not as long as announced');
    }
    return { bytes: result.buffer, consumed: result.engine.bytesWritten };
  }

  async *#stream(entry: Entry, consumed: { bytes: number } = { bytes: 0 }): AsyncGenerator<Uint8Array> {
    const inflate = createInflate();
    const source = this.#source;
    let offset = entry.dataOffset;
    let written = 0;
    const feed = (): void => {
      if (inflate.destroyed || inflate.writableEnded) return;
      const piece = Buffer.from(source.read(offset, 256 * 1024)); // a copy: the source reuses its window
      offset += piece.length;
      if (piece.length === 0) inflate.end();
      else inflate.write(piece, feed);
    };
    inflate.on('error', () => undefined);
    feed();
    try {
      for await (const piece of inflate) {
        if (!(piece instanceof Uint8Array)) continue;
        written += piece.length;
        if (written > entry.sizeBytes) break;
        yield piece;
      }
    } catch (error) {
      throw new GitError('badPack', 'cannot read the pack: an object does not inflate', { cause: error });
    } finally {
      consumed.bytes = inflate.bytesWritten;
      inflate.destroy();
    }
    if (written !== entry.sizeBytes)
      throw new GitError('badPack', 'cannot read the pack: an object is not as long as announced');
  }

  #remember(offset: number, object: Loaded): void {
    if (object.bytes.length > this.#limits.cacheBytes / 4) return;
    const known = this.#cache.get(offset);
    if (known !== undefined) this.#cachedBytes -= known.bytes.length;
    this.#cache.delete(offset);
    this.#cache.set(offset, object);
    this.#cachedBytes += object.bytes.length;
    for (const [oldest, old] of this.#cache) {
      if (this.#cachedBytes <= this.#limits.cacheBytes) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= old.bytes.length;
    }
  }

  #entry(offset: number): Entry {
    const entry = this.#entries.get(offset);
    if (entry === undefined) throw new GitError('badPack', 'cannot read the pack: an object is not where it should be');
    return entry;
  }

  #offsetOf(oid: string): number {
    const offset = this.#offsets.get(oid);
    if (offset === undefined) throw new GitError('objectNotFound', 'object not found');
    return offset;
  }
}

function oidOf(object: Loaded): string {
  return createHash('sha1').update(`${object.type} ${object.bytes.length}\0`).update(object.bytes).digest('hex');
}

/** `inflateSync` with `info`, whose answer Node's types leave out. */
function inflateInfo(bytes: Buffer, sizeBytes: number): { buffer: Buffer; engine: { bytesWritten: number } } {
  // One buffer a little larger than announced (one that is filled to its end makes zlib ask for another), and never more than that.
  const options = { info: true, chunkSize: sizeBytes + 64, maxOutputLength: sizeBytes + 64 };
  const result: unknown = inflateSync(bytes, options);
  if (isInfo(result)) return result;
  throw new TypeError('cannot inflate: zlib gave no information');
}

function isInfo(value: unknown): value is { buffer: Buffer; engine: { bytesWritten: number } } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'buffer' in value &&
    'engine' in value &&
    Buffer.isBuffer(value.buffer)
  );
}

/** Lets timers and sockets have their turn while much is to be computed. */
class Pace {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  async step(): Promise<void> {
    if (performance.now() - this.#since < sliceMs) return;
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
