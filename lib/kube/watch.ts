import type { KubeObject } from '#crds';
import { sleep } from '#concurrency';
import { isRecord, objectFrom } from './answers.ts';
import type { CacheEvent, KubeClient, ObjectKey, Resource, WatchCache, WatchOptions } from './contract.ts';
import { isStatus, KubeApiError, KubeConnectionError } from './errors.ts';
import { collectionPath, keyString, objectKey } from './names.ts';

interface Entry<T> {
  readonly object: T;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** How long one watch is asked to last, in seconds; each is drawn from this range so that watches do not end together. */
const shortestWatchS = 240;
const longestWatchS = 480;
/** How long after the end that it was asked for a watch is taken for dead, in milliseconds. */
const stallMarginMs = 10_000;
const firstBackoffMs = 200;
const longestBackoffMs = 30_000;
/** A watch that lived so long counts as a success, in milliseconds. */
const healthyAfterMs = 5_000;
const listTimeoutMs = 60_000;

/** Starts a live copy at once; it lasts until it is disposed. */
export function watchResource<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  options: WatchOptions<T>,
): WatchCache<T> {
  return new Watcher(client, resource, options);
}

class Watcher<T extends KubeObject> implements WatchCache<T> {
  readonly resource: Resource;
  readonly #client: KubeClient;
  readonly #options: WatchOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #stop = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #done: Promise<void>;
  #synced = false;
  /** Where to go on watching; undefined: list first. */
  #resourceVersion: string | undefined;
  #failures = 0;

  constructor(client: KubeClient, resource: Resource, options: WatchOptions<T>) {
    this.resource = resource;
    this.#client = client;
    this.#options = options;
    this.#firstSync.promise.catch(() => {}); // whoever waits is told; nobody may wait
    this.#done = this.#run();
  }

  get synced(): boolean {
    return this.#synced;
  }

  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#synced || signal === undefined) return this.#firstSync.promise;
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#firstSync.promise, aborted]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  get(key: ObjectKey): T | undefined {
    return this.#entries.get(keyString(key))?.object;
  }

  list(): readonly T[] {
    return Array.from(this.#entries.values(), (entry) => entry.object);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException('the watch was closed', 'AbortError'));
    this.#firstSync.reject(this.#stop.signal.reason);
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#relist();
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof KubeApiError) this.#resourceVersion = undefined; // 410, a version of the future, a changed schema
        this.#options.onError?.(error);
        await this.#backOff();
      }
    }
  }

  async #backOff(): Promise<void> {
    const ceiling = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    await sleep(ceiling / 2 + (Math.random() * ceiling) / 2, this.#stop.signal).catch(() => {}); // closed: the loop ends
  }

  async #relist(): Promise<void> {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    const { items, resourceVersion } = await this.#client.list(this.resource, {
      namespace,
      labelSelector,
      fieldSelector,
      metadataOnly,
      signal: this.#stop.signal,
      timeoutMs: listTimeoutMs,
    });
    const gone = new Set(this.#entries.keys());
    for (const item of items) {
      gone.delete(keyString(objectKey(item)));
      this.#put(item);
    }
    for (const key of gone) this.#remove(key);
    this.#resourceVersion = resourceVersion;
    if (this.#synced) return;
    this.#synced = true;
    this.#firstSync.resolve();
  }

  /** Returns when the server ends the watch as asked. */
  async #watch(): Promise<void> {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    const seconds = this.#options.timeoutSeconds ?? randomSeconds();
    const stalled = new AbortController();
    const stall = setTimeout(() => stalled.abort(), seconds * 1000 + stallMarginMs);
    const start = performance.now();
    let sawEvent = false;
    try {
      const lines = this.#client.stream(collectionPath(this.resource, namespace), {
        signal: AbortSignal.any([this.#stop.signal, stalled.signal]),
        ...(metadataOnly === true && {
          accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
        }),
        query: {
          watch: '1',
          allowWatchBookmarks: 'true',
          resourceVersion: this.#resourceVersion,
          timeoutSeconds: String(seconds),
          labelSelector,
          fieldSelector,
        },
      });
      for await (const line of lines) {
        this.#stop.signal.throwIfAborted();
        this.#take(JSON.parse(line));
        sawEvent = true;
        this.#failures = 0;
        stall.refresh();
      }
    } catch (error) {
      if (!stalled.signal.aborted) throw error;
      throw new KubeConnectionError('timeout', `the watch of ${this.resource.plural} fell silent`, { cause: error });
    } finally {
      clearTimeout(stall);
    }
    if (performance.now() - start >= healthyAfterMs) this.#failures = 0;
    else if (!sawEvent) await this.#backOff(); // a server (or a proxy) that ends watches at once is not asked at full speed
  }

  #take(event: unknown): void {
    if (!isRecord(event))
      throw new TypeError(`cannot read a watch event of ${this.resource.plural}: expected an object`);
    const { type, object } = event;
    if (type === 'ERROR') {
      if (isStatus(object)) throw new KubeApiError(object.code ?? 500, object);
      throw new TypeError(`cannot read the error that ended the watch of ${this.resource.plural}`);
    }
    if (type === 'BOOKMARK') {
      this.#advance(object);
      return;
    }
    const item = objectFrom(object, this.resource, this.#options.metadataOnly === true);
    if (type === 'DELETED') this.#remove(keyString(objectKey(item)), item);
    else this.#put(item);
    this.#advance(item);
  }

  /** A bookmark carries nothing but the version up to which everything was told. */
  #advance(object: unknown): void {
    if (!isRecord(object) || !isRecord(object['metadata'])) return;
    const { resourceVersion } = object['metadata'];
    if (typeof resourceVersion === 'string' && resourceVersion !== '') this.#resourceVersion = resourceVersion;
  }

  #put(item: KubeObject): void {
    const key = keyString(objectKey(item));
    const { uid, resourceVersion } = item.metadata;
    const known = this.#entries.get(key);
    if (known !== undefined && known.uid === uid && known.resourceVersion === resourceVersion) return;
    if (known !== undefined && known.uid !== uid) this.#remove(key); // deleted and created again while nobody looked
    const object = this.#parse(item);
    if (object === undefined) return;
    const previous = this.#entries.get(key)?.object;
    this.#entries.set(key, { object, uid, resourceVersion });
    this.#tell(previous === undefined ? { type: 'added', object } : { type: 'updated', object, previous });
  }

  /** @param last the object as it was at the end, where the server told it */
  #remove(key: string, last?: KubeObject): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    const object = (last === undefined ? undefined : this.#parse(last)) ?? known.object;
    this.#tell({ type: 'deleted', object });
  }

  /** An object that cannot be parsed is reported and left as it was last understood: it must not end the watch of the others. */
  #parse(item: KubeObject): T | undefined {
    try {
      return this.#options.parse === undefined ? (withoutManagedFields(item) as T) : this.#options.parse(item); // T is KubeObject without a parser
    } catch (error) {
      this.#options.onError?.(error);
      return undefined;
    }
  }

  #tell(event: CacheEvent<T>): void {
    if (this.#stop.signal.aborted) return;
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#options.onError?.(error);
    }
  }
}

/** They are half of an object's size, and few need them. */
function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  return managedFields === undefined ? object : { ...object, metadata };
}

function randomSeconds(): number {
  return Math.round(shortestWatchS + Math.random() * (longestWatchS - shortestWatchS));
}
