import { sleep } from '#concurrency';
import {
  type CacheEvent,
  isForbidden,
  isNotFound,
  type KubeClient,
  type Resource,
  type WatchCache,
  watchResource,
} from '#kube';
import { ownerNameLabel } from '#crds';
import type { ObjectId } from './contract.ts';
import { healthSource, type LiveEntry, liveEntry } from './live-entry.ts';
import type { ManagerRules } from './managed-fields.ts';

/** How long callers wait for a first list before they do without it, in milliseconds. */
const firstListMs = 3_000;
/** A kind that RBAC keeps from us is tried again after this time, in milliseconds. */
const forbiddenForMs = 300_000;

interface KindWatch {
  readonly cache: WatchCache<LiveEntry>;
  /** After the first list or the first refusal. */
  readonly settled: Promise<void>;
  refusedAt: number | undefined;
  usedAt: number;
}

export interface KindWatchesOptions {
  readonly client: KubeClient;
  readonly rules: ManagerRules;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  readonly onEvent: (event: CacheEvent<LiveEntry>) => void;
  readonly onError?: ((kind: string, error: unknown) => void) | undefined;
}

/** One watch per kind in use, over all namespaces, of the objects that carry our owner label. */
export class KindWatches implements AsyncDisposable {
  readonly #watches = new Map<string, KindWatch>();
  readonly #options: KindWatchesOptions;

  constructor(options: KindWatchesOptions) {
    this.#options = options;
  }

  /** Starts what is not watched yet and waits for the first lists, but not for long. */
  async ready(resources: readonly Resource[], signal?: AbortSignal): Promise<void> {
    const waiting = resources.map((resource) => this.#use(resource)).filter((watch) => isPending(watch));
    if (waiting.length === 0) return;
    const stop = new AbortController();
    const late = sleep(firstListMs, signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]));
    await Promise.race([Promise.all(waiting.map(({ settled }) => settled)), late.catch(() => {})]); // late: done without
    stop.abort();
    signal?.throwIfAborted();
  }

  /** `blind`: nothing is known, a request must tell. */
  look(id: ObjectId): { readonly sight: 'blind' } | { readonly sight: 'clear'; readonly entry: LiveEntry | undefined } {
    const watch = this.#watches.get(kindName(id));
    if (watch === undefined || watch.refusedAt !== undefined || !watch.cache.synced) return { sight: 'blind' };
    return { sight: 'clear', entry: watch.cache.get(id) };
  }

  /** Ends the watches of kinds that nobody used for a time. */
  async stopIdle(inUse: ReadonlySet<string>, idleMs: number): Promise<void> {
    const now = this.#options.now();
    for (const [kind, watch] of this.#watches) {
      if (inUse.has(kind) || now - watch.usedAt < idleMs) continue;
      this.#watches.delete(kind);
      await watch.cache[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    await Promise.all(watches.map(({ cache }) => cache[Symbol.asyncDispose]()));
  }

  #use(resource: Resource): KindWatch {
    const kind = kindName(resource);
    const now = this.#options.now();
    const known = this.#watches.get(kind);
    const watch = known ?? this.#start(resource, kind, now);
    watch.usedAt = now;
    return watch;
  }

  #start(resource: Resource, kind: string, now: number): KindWatch {
    const source = healthSource(resource);
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const watch: KindWatch = {
      settled,
      refusedAt: undefined,
      usedAt: now,
      cache: watchResource<LiveEntry>(this.#options.client, resource, {
        labelSelector: ownerNameLabel,
        metadataOnly: source !== 'status',
        parse: (object) => liveEntry(object, source, this.#options.rules, new Date()),
        onEvent: (event) => {
          watch.refusedAt = undefined;
          this.#options.onEvent(event);
        },
        onError: (error) => {
          this.#failed(kind, watch, error);
          if (watch.refusedAt !== undefined) settle();
        },
      }),
    };
    const synced = (): void => {
      watch.refusedAt = undefined;
      settle();
    };
    watch.cache.whenSynced().then(synced, settle); // rejected when it is closed
    this.#watches.set(kind, watch);
    return watch;
  }

  /** What is forbidden, or no longer served, is blind at once: callers then read what they need. */
  #failed(kind: string, watch: KindWatch, error: unknown): void {
    const refused = isForbidden(error) || isNotFound(error);
    const now = this.#options.now();
    if (refused && watch.refusedAt !== undefined && now - watch.refusedAt < forbiddenForMs) return; // told once
    if (refused) watch.refusedAt = now;
    this.#options.onError?.(kind, error);
  }
}

function isPending(watch: KindWatch): boolean {
  return !watch.cache.synced && watch.refusedAt === undefined;
}

export function kindName({ group, kind }: { readonly group: string; readonly kind: string }): string {
  return `${group}/${kind}`;
}
