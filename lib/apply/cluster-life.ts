import type { KubeObject } from '#crds';
import { type CacheEvent, NoMatchError, type Resource, type RestMapper } from '#kube';
import type { LiveObjectsOptions, ObjectId } from './contract.ts';
import { DriftPace } from './drift-pace.ts';
import { KindWatches, kindName } from './kind-watches.ts';
import { healthSource, type LiveEntry } from './live-entry.ts';
import type { ManagerRules } from './managed-fields.ts';
import { identity, objectId } from './object-id.ts';
import { type LastApplied, Records } from './records.ts';
import { HealthWaits, TerminationWaits } from './waits.ts';

/** How long a kind is watched after its last use, in milliseconds. */
const idleMs = 600_000;
const sweepMs = 60_000;

/** The live side of one cluster, shared by all who apply to it. Nothing is watched before it is used. */
export class ClusterLife implements AsyncDisposable {
  readonly mapper: RestMapper;
  readonly watches: KindWatches;
  readonly records: Records;
  readonly health: HealthWaits;
  readonly termination: TerminationWaits;
  readonly #onDrift: LiveObjectsOptions['onDrift'];
  readonly #pace: DriftPace;
  /** In which version an object whose health must be read was Current. */
  readonly #settled = new Map<string, string | undefined>();
  readonly #writing = new Map<string, number>();
  readonly #repairs = new Map<string, NodeJS.Timeout>();
  /** Which state of an object its owner was told of, so that the same one is told once. */
  readonly #told = new Map<string, string | undefined>();
  readonly #sweep: NodeJS.Timeout;

  constructor(options: LiveObjectsOptions) {
    const rules: ManagerRules = {
      fieldManager: options.fieldManager ?? 'kustomize-controller',
      overrideManagers: options.overrideManagers ?? [],
    };
    const now = (): number => performance.now();
    this.mapper = options.mapper;
    this.#onDrift = options.onDrift;
    this.records = new Records(rules, now);
    this.#pace = new DriftPace(now);
    this.watches = new KindWatches({
      client: options.client,
      rules,
      now,
      onEvent: (event) => this.#onEvent(event),
      onError: options.onError,
    });
    const view = {
      prepare: (ids: readonly ObjectId[], signal?: AbortSignal) => this.#prepare(ids, signal),
      isSettled: (id: ObjectId, entry: LiveEntry) => this.isSettled(id, entry),
      settle: (id: ObjectId, live: KubeObject) => this.settle(id, live),
      now,
    };
    this.health = new HealthWaits(view);
    this.termination = new TerminationWaits(view);
    this.#sweep = setInterval(() => this.#stopIdle(), sweepMs).unref();
  }

  /** While it is held, what the watch tells of the object is not judged: it may be our own write. */
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
        const seen = this.watches.look(id);
        if (seen.sight === 'clear' && seen.entry !== undefined) this.#judge(key, seen.entry);
      },
    };
  }

  /** What was told of the object is over: it has another record now, or none. */
  renew(key: string): void {
    this.#told.delete(key);
  }

  isSettled(id: ObjectId, entry: LiveEntry): boolean {
    const { resourceVersion } = entry.metadata;
    return resourceVersion !== undefined && this.#settled.get(identity(id)) === resourceVersion;
  }

  settle(id: ObjectId, live: KubeObject): void {
    if (healthSource(id) === 'read') this.#settled.set(identity(id), live.metadata.resourceVersion);
  }

  /** @param owner `namespace/name` */
  forget(owner: string): void {
    this.records.dropOwner(owner);
    this.health.stop(owner);
    this.termination.stop(owner);
  }

  async resource(id: ObjectId): Promise<Resource | undefined> {
    try {
      return await this.mapper.resourceFor(id);
    } catch (error) {
      if (error instanceof NoMatchError) return undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep);
    for (const timer of this.#repairs.values()) clearTimeout(timer);
    this.health.stopAll();
    this.termination.stopAll();
    await this.watches[Symbol.asyncDispose]();
  }

  #onEvent(event: CacheEvent<LiveEntry>): void {
    const id = objectId(event.object);
    const key = identity(id);
    if (event.type === 'deleted') {
      this.#settled.delete(key);
      this.#told.delete(key);
      this.#deleted(key, event.object);
    } else this.#judge(key, event.object);
    for (const waits of [this.health, this.termination]) waits.changed(key, event.object, event.type);
  }

  #deleted(key: string, entry: LiveEntry): void {
    const record = this.records.get(key);
    if (record === undefined || record.uid !== entry.metadata.uid) return; // our own prune or re-creation
    this.records.drop(key);
    if (!record.expires) this.#drifted(key, record, 'deleted');
  }

  /** Compares what the watch shows with what we last left. */
  #judge(key: string, entry: LiveEntry): void {
    const record = this.records.get(key);
    if (record === undefined || this.#writing.has(key) || entry.metadata.deletionTimestamp !== undefined) return;
    if (this.records.standing(record, entry) !== 'changed') return;
    // Another owner took it: each run of one undoes the other's (trap 53), which must not happen at the speed of watches.
    if (entry.owner !== undefined && entry.owner !== record.owner) {
      this.records.drop(key);
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
    const found = await Promise.all([...kinds.values()].map((id) => this.resource(id).catch(unknown)));
    const resources = found.filter((resource) => resource !== undefined);
    await this.watches.ready(resources, signal);
  }

  #stopIdle(): void {
    const inUse = new Set([...this.records.kinds(), ...this.health.kinds(), ...this.termination.kinds()]);
    this.watches.stopIdle(inUse, idleMs).catch(() => {}); // a watch that is already closed
  }
}
