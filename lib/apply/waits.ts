import { mapLimit } from '#concurrency';
import type { KubeObject } from '#crds';
import type { CacheEvent } from '#kube';
import type { Health, ObjectId, PendingObject, Tracker, TrackRequest, WaitState } from './contract.ts';
import { computeHealth } from './health.ts';
import { at, isJsonObject } from './json.ts';
import { type KindWatches, kindName } from './kind-watches.ts';
import { compareVersions, healthSource, type LiveEntry } from './live-entry.ts';
import { formatObject, identity } from './object-id.ts';
import type { LastApplied } from './records.ts';
import { withPods } from './workload-health.ts';

/** How one who waits sees the cluster. */
export interface Eyes {
  /** Whether the watches may be used for this object; if not, only a request with the waiter's own rights tells. */
  mayUseWatch(id: ObjectId): boolean;
  look: KindWatches['look'];
  applied(id: ObjectId): LastApplied | undefined;
  read(id: ObjectId): Promise<KubeObject | undefined>;
  listPods(namespace: string, labelSelector: string): Promise<readonly KubeObject[]>;
}

/** What all waits share. */
export interface WaitView {
  /** Watches the kinds of these objects; returns when their first lists are there or cannot be had. */
  prepare(ids: readonly ObjectId[], signal?: AbortSignal): Promise<void>;
  isSettled(id: ObjectId, entry: LiveEntry): boolean;
  settle(id: ObjectId, live: KubeObject): void;
  /** The monotonic clock, in milliseconds. */
  now(): number;
}

/** What no watch tells is read again after these times, in milliseconds. */
const readAgainMs = [250, 500, 1_000, 2_000, 5_000] as const;
/** Pods of a workload that does not get on are looked at so often, in milliseconds. */
const podsMs = 5_000;
const readsAtATime = 4;

interface Item {
  readonly id: ObjectId;
  /** Undefined: not looked at yet. */
  health: Health | undefined;
  /** Of the pods of a workload, when they were last looked at. */
  pods: readonly Health[];
  /** Read by requests, since no watch tells enough. */
  reads: boolean;
}

interface Wait {
  readonly owner: string;
  readonly items: ReadonlyMap<string, Item>;
  readonly startedAt: number;
  readonly deadline: Date;
  readonly idsText: string;
  eyes: Eyes;
  request: TrackRequest;
  woken: boolean;
  rounds: number;
  podsLookedAt: number;
  timeout: NodeJS.Timeout | undefined;
  reading: NodeJS.Timeout | undefined;
  ended: boolean;
}

/** The watch has not told of what we applied a moment ago. */
const unseen: Health = { status: 'InProgress', message: 'Waiting for the watch to show what was applied' };
const terminating: Health = { status: 'Terminating', message: 'Resource scheduled for deletion' };
/** How long a watch may take to tell of our own write, in milliseconds. */
const lagMs = 10_000;

function isReadNext({ reads, health }: Item): boolean {
  return reads && health?.status !== 'Current';
}

/** Keeps the waits of all owners, fed by watches and, where those cannot tell, by reads. */
abstract class Waits {
  readonly view: WaitView;
  readonly #waits = new Map<string, Wait>();
  readonly #byObject = new Map<string, Set<Wait>>();

  constructor(view: WaitView) {
    this.view = view;
  }

  /** What the watch says; undefined where it cannot tell. */
  protected abstract seen(id: ObjectId, entry: LiveEntry | undefined, eyes: Eyes): Health | undefined;
  /** What it means that the object is gone. */
  protected abstract gone(last: LiveEntry): Health;
  /** What a read says. */
  protected abstract judged(object: KubeObject | undefined, request: TrackRequest, id: ObjectId, eyes: Eyes): Health;

  /** The door for one who waits. */
  for(eyes: Eyes): Tracker {
    return {
      track: (owner, ids, request) => this.#track(owner, ids, request, eyes),
      stop: (owner) => this.stop(owner),
    };
  }

  async #track(owner: string, ids: readonly ObjectId[], request: TrackRequest, eyes: Eyes): Promise<WaitState> {
    const wait = this.#continue(owner, ids, request, eyes) ?? this.#begin(owner, ids, request, eyes);
    await this.view.prepare(ids);
    for (const item of wait.items.values()) this.#look(wait, item);
    await this.#read(wait);
    if (wait.ended) return this.#state(wait); // stopped or replaced meanwhile
    const state = this.#state(wait);
    if (state.state === 'progressing') this.#scheduleReading(wait);
    else this.#end(wait);
    return state;
  }

  stop(owner: string): void {
    const wait = this.#waits.get(owner);
    if (wait !== undefined) this.#end(wait);
  }

  stopAll(): void {
    for (const wait of this.#waits.values()) this.#end(wait);
  }

  /** A watch told of an object. */
  changed(key: string, entry: LiveEntry, type: CacheEvent<LiveEntry>['type']): void {
    for (const wait of this.#byObject.get(key) ?? []) {
      const item = wait.items.get(key);
      if (item === undefined) continue;
      const mustRead = wait.request.evaluates?.(item.id) === true || !wait.eyes.mayUseWatch(item.id);
      const health =
        type === 'deleted' ? this.gone(entry) : mustRead ? undefined : this.seen(item.id, entry, wait.eyes);
      item.reads = health === undefined;
      if (health === undefined) {
        this.#readSoon(wait);
      } else {
        item.health = health;
        this.#wakeIfOver(wait);
      }
    }
  }

  *kinds(): Iterable<string> {
    for (const { items } of this.#waits.values()) for (const { id } of items.values()) yield kindName(id);
  }

  #continue(owner: string, ids: readonly ObjectId[], request: TrackRequest, eyes: Eyes): Wait | undefined {
    const wait = this.#waits.get(owner);
    if (wait === undefined || wait.request.key !== request.key || wait.idsText !== textOf(ids)) {
      if (wait !== undefined) this.#end(wait);
      return undefined;
    }
    wait.request = { ...request, timeoutMs: wait.request.timeoutMs };
    wait.eyes = eyes;
    wait.woken = false;
    return wait;
  }

  #begin(owner: string, ids: readonly ObjectId[], request: TrackRequest, eyes: Eyes): Wait {
    const wait: Wait = {
      owner,
      items: new Map(ids.map((id) => [identity(id), { id, health: undefined, pods: [], reads: false }])),
      startedAt: this.view.now(),
      deadline: new Date(Date.now() + request.timeoutMs),
      idsText: textOf(ids),
      eyes,
      request,
      woken: false,
      rounds: 0,
      podsLookedAt: this.view.now(),
      timeout: undefined,
      reading: undefined,
      ended: false,
    };
    wait.timeout = setTimeout(() => this.#wake(wait), request.timeoutMs).unref();
    this.#waits.set(owner, wait);
    for (const key of wait.items.keys()) {
      const waits = this.#byObject.get(key) ?? new Set();
      waits.add(wait);
      this.#byObject.set(key, waits);
    }
    return wait;
  }

  #end(wait: Wait): void {
    wait.ended = true;
    clearTimeout(wait.timeout);
    clearTimeout(wait.reading);
    if (this.#waits.get(wait.owner) === wait) this.#waits.delete(wait.owner);
    for (const key of wait.items.keys()) {
      const waits = this.#byObject.get(key);
      waits?.delete(wait);
      if (waits?.size === 0) this.#byObject.delete(key);
    }
  }

  #look(wait: Wait, item: Item): void {
    const seen = wait.eyes.look(item.id);
    const custom = wait.request.evaluates?.(item.id) === true;
    const health = custom || seen.sight === 'blind' ? undefined : this.seen(item.id, seen.entry, wait.eyes);
    item.reads = health === undefined;
    if (health !== undefined) item.health = health;
  }

  /** Reads what only a request can tell, as far as it is not Current yet. */
  async #read(wait: Wait): Promise<void> {
    const due = [...wait.items.values()].filter(isReadNext);
    await mapLimit(due, readsAtATime, async (item) => {
      try {
        item.health = this.judged(await wait.eyes.read(item.id), wait.request, item.id, wait.eyes);
      } catch (error) {
        item.health = { status: 'Unknown', message: error instanceof Error ? error.message : String(error) };
      }
    });
    await this.#lookAtPods(wait);
  }

  /** Pods that failed for good fail the workload that waits for them. */
  async #lookAtPods(wait: Wait): Promise<void> {
    const now = this.view.now();
    if (now - wait.podsLookedAt < podsMs) return;
    wait.podsLookedAt = now;
    const due = [...wait.items.values()].filter(
      ({ id, health }) => hasJudgedPods(id) && health?.status === 'InProgress',
    );
    await mapLimit(due, readsAtATime, async (item) => {
      try {
        item.pods = await this.#podsOf(item.id, wait.eyes);
      } catch {
        // Without the right to list pods the workload's own status has to do.
      }
    });
  }

  async #podsOf(id: ObjectId, eyes: Eyes): Promise<readonly Health[]> {
    const labels = at(await eyes.read(id), 'spec', 'selector', 'matchLabels');
    if (!isJsonObject(labels) || id.namespace === undefined) return [];
    const selector = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
    if (selector.length === 0) return [];
    const pods = await eyes.listPods(id.namespace, selector.join(','));
    return pods.map((pod) => computeHealth(pod, new Date()));
  }

  #scheduleReading(wait: Wait): void {
    const items = [...wait.items.values()];
    const needsReads = items.some(isReadNext);
    const lags = items.filter(({ health }) => health === unseen);
    if (!needsReads && lags.length === 0 && !items.some(({ id }) => hasJudgedPods(id))) return;
    for (const item of lags) item.reads = true; // unless the watch tells before the next round
    const delayMs = needsReads ? (readAgainMs[Math.min(wait.rounds, readAgainMs.length - 1)] ?? podsMs) : podsMs;
    wait.rounds += 1;
    this.#readAfter(wait, delayMs);
  }

  #readSoon(wait: Wait): void {
    wait.rounds = 0;
    this.#readAfter(wait, 20); // several events of one object come together
  }

  #readAfter(wait: Wait, delayMs: number): void {
    clearTimeout(wait.reading);
    if (wait.ended) return;
    const read = async (): Promise<void> => {
      await this.#read(wait);
      if (wait.ended) return;
      this.#wakeIfOver(wait);
      this.#scheduleReading(wait);
    };
    wait.reading = setTimeout(() => void read(), delayMs).unref(); // read() turns every failure into a health
  }

  #wakeIfOver(wait: Wait): void {
    if (this.#state(wait).state !== 'progressing') this.#wake(wait);
  }

  #wake(wait: Wait): void {
    if (wait.woken || wait.ended) return;
    wait.woken = true;
    wait.request.wake();
  }

  #state(wait: Wait): WaitState {
    const elapsedMs = this.view.now() - wait.startedAt;
    const all = [...wait.items.values()].map(verdict);
    const open = all.filter(({ status }) => status !== 'Current');
    if (open.length === 0) return { state: 'current', elapsedMs };
    const broken = open.filter(({ status }) => status === 'Failed');
    const failed = wait.request.failFast === false ? broken.length === open.length : broken.length > 0;
    if (failed) {
      const message = waitMessage('failed early due to stalled resources', broken);
      return { state: 'failed', pending: broken, elapsedMs, message };
    }
    if (elapsedMs < wait.request.timeoutMs) return { state: 'progressing', pending: open, deadline: wait.deadline };
    const message = waitMessage('timeout waiting for', open);
    return { state: 'timeout', pending: open, elapsedMs, message };
  }
}

function verdict({ id, health, pods }: Item): PendingObject {
  const judged = health === undefined ? undefined : withPods(health, pods);
  return { id, status: judged?.status, message: judged?.message ?? '' };
}

/** Flux's words, which people grep for. */
export function waitMessage(cause: string, pending: readonly PendingObject[]): string {
  const lines = pending.map(({ id, status, message }) => {
    if (status === undefined) return `can't determine status for ${formatObject(id)}`;
    return `${formatObject(id)} status: '${status}'${status === 'Unknown' && message !== '' ? `: ${message}` : ''}`;
  });
  return `${cause}: [${lines.join(', ')}]`;
}

export class HealthWaits extends Waits {
  protected override seen(id: ObjectId, entry: LiveEntry | undefined, eyes: Eyes): Health | undefined {
    const applied = eyes.applied(id);
    const source = healthSource(id);
    if (entry === undefined) {
      // It may be there without our label, unless we wrote it a moment ago.
      if (applied === undefined || this.view.now() - applied.at > lagMs || source === 'read') return undefined;
      return source === 'always' ? { status: 'Current', message: 'Resource is current' } : unseen;
    }
    if (entry.metadata.deletionTimestamp !== undefined) return terminating;
    switch (source) {
      case 'always':
        return { status: 'Current', message: 'Resource is current' };
      case 'status':
        return isBehind(applied, entry) ? unseen : entry.health;
      case 'read':
        return this.view.isSettled(id, entry) ? { status: 'Current', message: 'Resource is current' } : undefined;
    }
  }

  protected override gone(last: LiveEntry): Health {
    return last.expires ? expired : { status: 'NotFound', message: 'Resource not found' };
  }

  protected override judged(object: KubeObject | undefined, request: TrackRequest, id: ObjectId, eyes: Eyes): Health {
    if (object === undefined) {
      if (eyes.applied(id)?.expires === true) return expired;
      return { status: 'NotFound', message: 'Resource not found' };
    }
    const custom = request.evaluates?.(id) === true ? request.evaluate?.(object, id) : undefined;
    const health = custom ?? computeHealth(object, new Date());
    if (health.status === 'Current' && custom === undefined) this.view.settle(id, object);
    return health;
  }
}

const expired: Health = { status: 'Current', message: 'Job is gone after its time to live' };

/** What the watch shows is from before our own write. */
function isBehind(applied: LastApplied | undefined, entry: LiveEntry): boolean {
  const order = compareVersions(entry.metadata.resourceVersion, applied?.resourceVersion);
  return order !== undefined && order < 0;
}

const absent: Health = { status: 'Current', message: 'Resource is gone' };

/** Waits for the end of objects that were deleted, all of which carried our label. */
export class TerminationWaits extends Waits {
  protected override seen(_id: ObjectId, entry: LiveEntry | undefined): Health | undefined {
    return entry === undefined ? absent : terminating;
  }

  protected override gone(): Health {
    return absent;
  }

  protected override judged(object: KubeObject | undefined): Health {
    return object === undefined ? absent : terminating;
  }
}

function textOf(ids: readonly ObjectId[]): string {
  return ids.map(identity).join();
}

/** Workloads whose failed pods count as their own failure (in kstatus: pod controllers, Deployments not). */
function hasJudgedPods({ group, kind }: ObjectId): boolean {
  return group === 'apps' && (kind === 'StatefulSet' || kind === 'ReplicaSet');
}
