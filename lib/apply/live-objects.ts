import type { KubeObject } from '#crds';
import { isNotFound, type Resource } from '#kube';
import { ClusterLife } from './cluster-life.ts';
import type { Actor, LiveObjects, LiveObjectsOptions, ObjectId, Owner, Tracker } from './contract.ts';
import type { KindWatches } from './kind-watches.ts';
import type { LiveEntry } from './live-entry.ts';
import type { Desired } from './normalise.ts';
import { identity } from './object-id.ts';
import type { LastApplied } from './records.ts';
import { ownerKey } from './switches.ts';
import type { Eyes } from './waits.ts';

/** What the engine asks of the live objects, beside what the door shows. */
export interface LiveStore extends LiveObjects {
  /** Watches these kinds from now on; returns when their first lists are there (or cannot be had). */
  ready(resources: readonly Resource[], signal?: AbortSignal): Promise<void>;
  look: KindWatches['look'];
  /** Whether the object is known to be exactly as desired, with no request. */
  isUnchanged(desired: Desired, owner: Owner): boolean;
  /** What we last left, when nobody touched it since. */
  untouched(id: ObjectId, owner: Owner): LastApplied | undefined;
  /** What we last left, whatever became of it. */
  lastApplied(id: ObjectId, owner: Owner): LastApplied | undefined;
  /** While it is held, what the watch tells of the object is not judged: it may be our own write. */
  writing(id: ObjectId): Disposable;
  keep(desired: Desired, owner: Owner, live: KubeObject): void;
  drop(id: ObjectId): void;
  /** Whether this actor wrote or compared the object before. */
  isKnown(id: ObjectId): boolean;
  /** Whether the object was Current in the version that the watch shows, for kinds whose health must be read. */
  isSettled(id: ObjectId, entry: LiveEntry): boolean;
  settle(id: ObjectId, live: KubeObject): void;
}

/** Opens the live side of one cluster. Nothing is watched before it is used. */
export function openLiveObjects(options: LiveObjectsOptions): LiveObjects {
  const life = new ClusterLife(options);
  return new ActorView(life, { client: options.client, name: '' }, () => life[Symbol.asyncDispose]());
}

/** The engine's view of what `openLiveObjects` returned. */
export function liveStore(live: LiveObjects | undefined): LiveStore | undefined {
  if (live === undefined || live instanceof ActorView) return live;
  throw new TypeError('cannot use these live objects: expected what openLiveObjects returned');
}

const blind = { sight: 'blind' } as const;

/** What one actor may know of the cluster's live side. */
class ActorView implements LiveStore {
  readonly health: Tracker;
  readonly termination: Tracker;
  readonly #life: ClusterLife;
  readonly #actor: Actor;
  readonly #close: () => Promise<void>;

  constructor(life: ClusterLife, actor: Actor, close: () => Promise<void>) {
    this.#life = life;
    this.#actor = actor;
    this.#close = close;
    const eyes: Eyes = {
      mayUseWatch: (id) => this.#mayUseWatch(id),
      look: (id) => this.look(id),
      applied: (id) => this.#own(id),
      read: (id) => this.#read(id),
      listPods: (namespace, labelSelector) => this.#listPods(namespace, labelSelector),
    };
    this.health = life.health.for(eyes);
    // What this actor has just deleted has no record any more; that it is still there is no secret.
    const look: Eyes['look'] = (id) => life.watches.look(id);
    this.termination = life.termination.for({ ...eyes, look, mayUseWatch: () => true });
  }

  as(actor: Actor): LiveObjects {
    return new ActorView(this.#life, actor, () => Promise.resolve());
  }

  ready(resources: readonly Resource[], signal?: AbortSignal): Promise<void> {
    return this.#life.watches.ready(resources, signal);
  }

  look(id: ObjectId): ReturnType<KindWatches['look']> {
    return this.#mayUseWatch(id) ? this.#life.watches.look(id) : blind;
  }

  isUnchanged(desired: Desired, owner: Owner): boolean {
    return this.untouched(desired.id, owner)?.digest === desired.digest;
  }

  untouched(id: ObjectId, owner: Owner): LastApplied | undefined {
    const record = this.lastApplied(id, owner);
    if (record === undefined || record.id.version !== id.version) return undefined;
    const seen = this.look(id);
    if (seen.sight === 'blind') return undefined;
    const standing = this.#life.records.standing(record, seen.entry);
    return standing === 'same' || standing === 'ahead' ? record : undefined;
  }

  lastApplied(id: ObjectId, owner: Owner): LastApplied | undefined {
    const record = this.#own(id);
    return record?.owner === ownerKey(owner) ? record : undefined;
  }

  writing(id: ObjectId): Disposable {
    return this.#life.writing(id);
  }

  keep(desired: Desired, owner: Owner, live: KubeObject): void {
    this.#life.records.keep(desired, ownerKey(owner), this.#actor.name, live);
    this.#life.renew(identity(desired.id));
  }

  drop(id: ObjectId): void {
    this.#life.records.drop(identity(id));
    this.#life.renew(identity(id));
  }

  isKnown(id: ObjectId): boolean {
    return this.#own(id) !== undefined;
  }

  isSettled(id: ObjectId, entry: LiveEntry): boolean {
    return this.#life.isSettled(id, entry);
  }

  settle(id: ObjectId, live: KubeObject): void {
    this.#life.settle(id, live);
  }

  forget(owner: Owner): void {
    this.#life.forget(ownerKey(owner));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #own(id: ObjectId): LastApplied | undefined {
    const record = this.#life.records.get(identity(id));
    return record?.actor === this.#actor.name ? record : undefined;
  }

  #mayUseWatch(id: ObjectId): boolean {
    return this.#actor.name === '' || this.#own(id) !== undefined;
  }

  async #read(id: ObjectId): Promise<KubeObject | undefined> {
    const resource = await this.#life.resource(id);
    if (resource === undefined) return undefined;
    if (resource.namespaced && id.namespace === undefined) return undefined;
    return this.#actor.client.find(resource, id);
  }

  async #listPods(namespace: string, labelSelector: string): Promise<readonly KubeObject[]> {
    const pods: Resource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
    try {
      return (await this.#actor.client.list(pods, { namespace, labelSelector })).items;
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }
}
