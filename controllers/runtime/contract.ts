import type { KindInfo, KubeObject } from '#crds';
import type { CacheEvent, KubeClient, Resource, RestMapper, WatchCache, WatchOptions } from '#kube';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ConditionChange, Outcome } from './outcome.ts';

/** Why an object is looked at again; a user's request overtakes events, events overtake intervals. */
export type Priority = 'user' | 'event' | 'interval';

export type EventType = 'Normal' | 'Warning' | 'Trace';

export interface EventDraft {
  /** `Trace` becomes a Kubernetes event only; it is never posted to notification-controller. */
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  /** Keys without the group prefix (`revision`); the recorder writes `<group>/revision`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** One look at one object. */
export interface Run<T extends KubeObject> {
  readonly object: T;
  /** Aborted at shutdown, when the object is deleted, or when its spec changed under a long step. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly startedAt: Date;
  now(): Date;
  /** Milliseconds since the start of the run, on the monotonic clock. */
  elapsedMs(): number;
  /** Names, times and (once `signal` is aborted) refuses a step. */
  step<R>(name: string, work: () => Promise<R> | R): Promise<R>;
  /**
   * Tells what is going on: Reconciling=True/Progressing, Ready=Unknown/Progressing with this message. It reaches the API
   * server only when the phase lasts longer than half a second (design section 5).
   */
  progress(message: string, conditions?: readonly ConditionChange[]): void;
  /** Writes status fields now: for what must outlive a later failure or a killed process. */
  record(status: Readonly<Record<string, unknown>>): Promise<void>;
  /** Told after the status of this run is written, in order; reason of the conditions at that time is the caller's business. */
  event(draft: EventDraft): void;
}

/** What a kind must say of itself; everything else (queue, status, finalizer, retry, events, metrics) is the runtime's. */
export interface KindController<T extends KubeObject> {
  readonly kind: KindInfo;
  /** Field manager of status and finalizer writes. */
  readonly fieldManager: string;
  /** The condition types that the controller owns beside Ready, Reconciling and Stalled. */
  readonly conditionTypes: readonly string[];
  /** A kind without a status subresource: nothing is written after a run. */
  readonly statusless?: true;
  /** False: the interval is kept exactly (default true). */
  readonly jitters?: false;
  /** Parses what the watch hands over. */
  parse(object: KubeObject): T;
  isSuspended(object: T): boolean;
  /**
   * An object that only holds facts for others: no run, no finalizer, no status; what it has of them from before is taken away.
   * Default: none is.
   */
  isStatic?(object: T): boolean;
  /** Which suspended objects still get observedGeneration (spec A6 step 3, source spec 2.2 step 4). Default `whenReady`. */
  readonly observesSuspended?: 'whenReady' | 'withConditions';
  /** Steady-state period in milliseconds; jittered by the runtime. Undefined: never looked at again by itself. */
  intervalMs(object: T): number | undefined;
  reconcile(object: T, run: Run<T>): Promise<Outcome>;
  /** Cleans up before the finalizer goes. Absent: the kind takes no finalizer. */
  finalize?(object: T, run: Run<T>): Promise<void>;
  /** Called for every change of an object of this kind, with the cache already up to date (wake others from here). */
  onChange?(event: CacheEvent<T>): void;
  /** Text of the success event/log when the run ended Ready; undefined: none. */
  readyEvent?(
    object: T,
    outcome: Extract<Outcome, { kind: 'ready' }>,
    run: Run<T>,
    nextRunMs: number,
  ): EventDraft | undefined;
}

/** A kind under control. */
export interface Controller<T extends KubeObject> {
  readonly cache: WatchCache<T>;
  /** `key` is `namespace/name`. */
  enqueue(key: string, options?: { readonly priority?: Priority; readonly afterMs?: number }): void;
}

/** What `main.ts` gets to build its controllers from. */
export interface Program<Options> {
  readonly name: string;
  readonly options: Options;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly log: Logger;
  readonly registry: Registry;
  /** Namespace of the controller (RUNTIME_NAMESPACE), `flux-system` by default. */
  readonly namespace: string;
  /** Aborted on SIGTERM and when leadership is lost. */
  readonly signal: AbortSignal;
  /** Puts a kind under control; watches start with leadership. */
  control<T extends KubeObject>(controller: KindController<T>): Controller<T>;
  /** A live cache of another kind, started with the controllers and synced before the first run. */
  watch<T extends KubeObject>(resource: Resource, options: Omit<WatchOptions<T>, 'onError'>): WatchCache<T>;
  /** An event about any object, outside a run (as notification-controller's about an Alert). */
  event(object: KubeObject, draft: EventDraft): void;
  /** Runs once leadership is held, before the first reconcile (as the artifact server). The result is closed at shutdown. */
  onStart(start: () => Promise<AsyncDisposable>): void;
  /** As `onStart`, on every replica at once, without waiting for leadership (as the webhook server). */
  onBoot(start: () => Promise<AsyncDisposable>): void;
}
