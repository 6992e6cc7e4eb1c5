import type { KubeObject } from '#crds';
import { type CacheEvent, isNotFound, type KubeClient, NoMatchError, type Resource, type RestMapper } from '#kube';
import type { LiveObjects, LiveObjectsOptions, ObjectId, Owner, Tracker } from './contract.ts';
import { DriftPace } from './drift-pace.ts';
import { KindWatches, kindName } from './kind-watches.ts';
import { healthSource, type LiveEntry } from './live-entry.ts';
import type { ManagerRules } from './managed-fields.ts';
import type { Desired } from './normalise.ts';
import { identity, objectId } from './object-id.ts';
import { type LastApplied, Records } from './records.ts';
import { ownerKey } from './switches.ts';
import { HealthWaits, TerminationWaits } from './waits.ts';

/** How long a kind is watched after its last use, in milliseconds. */
const idleMs = 600_000;
const sweepMs = 60_000;

/** What the engine asks of the live objects, beside what the door shows. */
export interface LiveStore extends LiveObjects {
  /** Watches these kinds from now on; returns when their first lists are there (or cannot be had). */
  ready(resources: readonly Resource[], signal?: AbortSignal): Promise<void>;
  look: KindWatches['look'];
  /** Whether the object is known to be exactly as desired, with no request. */
  isUnchanged(desired: Desired, owner: Owner): boolean;
  /** What we last left, when nobody touched it since. */
  untouched(id: ObjectId, owner: Owner): LastApplied | undefined;
  /** While it is held, what the watch tells of the object is not judged: it may be our own write. */
  writing(id: ObjectId): Disposable;
  keep(desired: Desired, owner: Owner, live: KubeObject): void;
  drop(id: ObjectId): void;
  /** Whether this process wrote or compared the object before. */
  isKnown(id: ObjectId): boolean;
  /** Whether the object was Current in the version that the watch shows, for kinds whose health must be read. */
  isSettled(id: ObjectId, entry: LiveEntry): boolean;
  settle(id: ObjectId, live: KubeObject): void;
}

/** Opens the live side of one cluster. Nothing is watched before it is used. */
export function openLiveObjects(options: LiveObjectsOptions): LiveObjects {
  return new Live(options);
}

/** The engine's view of what `openLiveObjects` returned. */
export function liveStore(live: LiveObjects | undefined): LiveStore | undefined {
  if (live === undefined || live instanceof Live) return live;
  throw new TypeError('cannot use these live objects: expected what openLiveObjects returned');
}

class Live implements LiveStore {
  readonly health: Tracker;
  readonly termination: Tracker;
  readonly #client: KubeClient;
  readonly #mapper: RestMapper;
  readonly #onDrift: LiveObjectsOptions['onDrift'];
  readonly #watches: KindWatches;
  readonly #records: Records;
  readonly #pace: DriftPace;
  /** In which version an object whose health must be read was Current. */
  readonly #settled = new Map<string, string | undefined>();
  readonly #writing = new Map<string, number>();
  readonly #repairs = new Map<string, NodeJS.Timeout>();
  /** Which state of an object its owner was told of, so that the same one is told once. */
  readonly #told = new Map<string, string | undefined>();
  readonly #waits: readonly [HealthWaits, TerminationWaits];
  readonly #sweep: NodeJS.Timeout;

  constructor(options: LiveObjectsOptions) {
    const rules: ManagerRules = {
      fieldManager: options.fieldManager ?? 'kustomize-controller',
      overrideManagers: options.overrideManagers ?? [],
    };
    const now = (): number => performance.now();
    this.#client = options.client;
    this.#mapper = options.mapper;
    this.#onDrift = options.onDrift;
    this.#records = new Records(rules, now);
    this.#pace = new DriftPace(now);
    this.#watches = new KindWatches({
      client: options.client,
      rules,
      now,
      onEvent: (event) => this.#onEvent(event),
      onError: options.onError,
    });
    const view = {
      prepare: (ids: readonly ObjectId[], signal?: AbortSignal) => this.#prepare(ids, signal),
      look: (id: ObjectId) => this.look(id),
      applied: (id: ObjectId) => this.#records.get(identity(id)),
      read: (id: ObjectId) => this.#read(id),
      isSettled: (id: ObjectId, entry: LiveEntry) => this.isSettled(id, entry),
      settle: (id: ObjectId, live: KubeObject) => this.settle(id, live),
      listPods: (namespace: string, labelSelector: string) => this.#listPods(namespace, labelSelector),
      now,
    };
    const health = new HealthWaits(view);
    const termination = new TerminationWaits(view);
    this.health = health;
    this.termination = termination;
    this.#waits = [health, termination];
    this.#sweep = setInterval(() => this.#stopIdle(), sweepMs).unref();
  }

  ready(resources: readonly Resource[], signal?: AbortSignal): Promise<void> {
    return this.#watches.ready(resources, signal);
  }

  look(id: ObjectId): ReturnType<KindWatches['look']> {
    return this.#watches.look(id);
  }

  isUnchanged(desired: Desired, owner: Owner): boolean {
    return this.untouched(desired.id, owner)?.digest === desired.digest;
  }

  untouched(id: ObjectId, owner: Owner): LastApplied | undefined {
    const record = this.#records.get(identity(id));
    if (record === undefined || record.owner !== ownerKey(owner) || record.id.version !== id.version) return undefined;
    const seen = this.look(id);
    if (seen.sight === 'blind') return undefined;
    const standing = this.#records.standing(record, seen.entry);
    return standing === 'same' || standing === 'ahead' ? record : undefined;
  }

  writing(id: ObjectId): Disposable {
    const key = identity(id);
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#writing.get(key) ?? 1) - 1;
        if (left > 0) {
          this.#writing.set(key, left);
          return;
        }
        this.#writing.delete(key);
        const seen = this.look(id);
        if (seen.sight === 'clear' && seen.entry !== undefined) this.#judge(key, seen.entry);
      },
    };
  }

  keep(desired: Desired, owner: Owner, live: KubeObject): void {
    this.#records.keep(desired, ownerKey(owner), live);
    this.#told.delete(identity(desired.id));
  }

  drop(id: ObjectId): void {
    this.#records.drop(identity(id));
    this.#told.delete(identity(id));
  }

  isKnown(id: ObjectId): boolean {
    return this.#records.get(identity(id)) !== undefined;
  }

  isSettled(id: ObjectId, entry: LiveEntry): boolean {
    const { resourceVersion } = entry.metadata;
    return resourceVersion !== undefined && this.#settled.get(identity(id)) === resourceVersion;
  }

  settle(id: ObjectId, live: KubeObject): void {
    if (healthSource(id) === 'read') this.#settled.set(identity(id), live.metadata.resourceVersion);
  }

  forget(owner: Owner): void {
    this.#records.dropOwner(ownerKey(owner));
    for (const waits of this.#waits) waits.stop(ownerKey(owner));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep);
    for (const timer of this.#repairs.values()) clearTimeout(timer);
    for (const waits of this.#waits) waits.stopAll();
    await this.#watches[Symbol.asyncDispose]();
  }

  #onEvent(event: CacheEvent<LiveEntry>): void {
    const id = objectId(event.object);
    const key = identity(id);
    if (event.type === 'deleted') {
      this.#settled.delete(key);
      this.#told.delete(key);
      this.#deleted(key, event.object);
    } else this.#judge(key, event.object);
    for (const waits of this.#waits) waits.changed(key, event.object, event.type);
  }

  #deleted(key: string, entry: LiveEntry): void {
    const record = this.#records.get(key);
    if (record === undefined || record.uid !== entry.metadata.uid) return; // our own prune or re-creation
    this.#records.drop(key);
    if (!record.expires) this.#drifted(key, record, 'deleted');
  }

  /** Compares what the watch shows with what we last left. */
  #judge(key: string, entry: LiveEntry): void {
    const record = this.#records.get(key);
    if (record === undefined || this.#writing.has(key) || entry.metadata.deletionTimestamp !== undefined) return;
    if (this.#records.standing(record, entry) !== 'changed') return;
    // Another owner took it: each run of one undoes the other's (trap 53), which must not happen at the speed of watches.
    if (entry.owner !== undefined && entry.owner !== record.owner) {
      this.#records.drop(key);
    } else if (!this.#told.has(key) || this.#told.get(key) !== entry.fingerprint) {
      this.#told.set(key, entry.fingerprint);
      this.#drifted(key, record, 'changed');
    }
  }

  #drifted(key: string, record: LastApplied, what: 'changed' | 'deleted'): void {
    if (this.#onDrift === undefined || this.#repairs.has(key)) return;
    const delayMs = this.#pace.nextDelayMs(key);
    const tell = (): void => {
      this.#repairs.delete(key);
      this.#onDrift?.(record.owner, record.id, what);
    };
    this.#repairs.set(key, setTimeout(tell, delayMs).unref());
  }

  /** The kind's resource and its watch, for whoever waits for these objects. */
  async #prepare(ids: readonly ObjectId[], signal?: AbortSignal): Promise<void> {
    const kinds = new Map(ids.map((id) => [kindName(id), id]));
    const unknown = (): undefined => undefined; // those are read, and the read tells what is wrong
    const found = await Promise.all([...kinds.values()].map((id) => this.#resource(id).catch(unknown)));
    await this.ready(
      found.filter((resource) => resource !== undefined),
      signal,
    );
  }

  async #resource(id: ObjectId): Promise<Resource | undefined> {
    try {
      return await this.#mapper.resourceFor(id);
    } catch (error) {
      if (error instanceof NoMatchError) return undefined;
      throw error;
    }
  }

  async #read(id: ObjectId): Promise<KubeObject | undefined> {
    const resource = await this.#resource(id);
    if (resource === undefined) return undefined;
    if (resource.namespaced && id.namespace === undefined) return undefined;
    return this.#client.find(resource, id);
  }

  async #listPods(namespace: string, labelSelector: string): Promise<readonly KubeObject[]> {
    const pods: Resource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
    try {
      return (await this.#client.list(pods, { namespace, labelSelector })).items;
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  #stopIdle(): void {
    const inUse = new Set([...this.#records.kinds(), ...this.#waits.flatMap((waits) => [...waits.kinds()])]);
    this.#watches.stopIdle(inUse, idleMs).catch(() => {}); // a watch that is already closed
  }
}
