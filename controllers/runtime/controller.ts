import { randomUUID } from 'node:crypto';
import { finalizer, formatGoDuration, type KubeObject, requestedAtAnnotation } from '#crds';
import { type CacheEvent, isConflict, isNotFound, type KubeClient, keyString, objectKey, type WatchCache } from '#kube';
import type { Logger } from 'pino';
import type { Controller, EventDraft, KindController, Priority } from './contract.ts';
import type { ControllerMetrics } from './metrics.ts';
import { type Outcome, ReconcileError } from './outcome.ts';
import { phaseWriteDelayMs, ReconcileRun } from './reconcile-run.ts';
import { type CommonStatus, type Requeue, type RunEnd, statusAfter } from './status.ts';
import { StatusWriter } from './status-writer.ts';
import { WorkQueue } from './work-queue.ts';

export interface ControllerOptions {
  readonly concurrency: number;
  readonly minRetryDelayMs: number;
  readonly maxRetryDelayMs: number;
  /** 0 to 99. */
  readonly jitterPercent: number;
}

export interface ControllerDeps {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  readonly recordEvent: (object: KubeObject, draft: EventDraft) => void;
  /** Aborted at shutdown. */
  readonly signal: AbortSignal;
}

/** What of an object decides whether a change of it asks for a run (spec A5, 2.1). */
interface Seen {
  readonly generation: number | undefined;
  readonly requestedAt: string | undefined;
  readonly deleting: boolean;
}

/** Why a run was ended from outside: its object changed under it. */
const superseded = new DOMException('the object changed during the run', 'AbortError');

/** Keeps the objects of one kind reconciled: queue, run, status, finalizer, retry, events and metrics of every object. */
export class ObjectController<T extends KubeObject> implements Controller<T> {
  readonly #kind: KindController<T>;
  readonly #deps: ControllerDeps;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #ownedTypes: ReadonlySet<string>;
  readonly #seen = new Map<string, Seen>();
  /** Each object as our last write of it left it (the watch is a moment behind), with what is to be written of its status. */
  readonly #writers = new Map<string, StatusWriter>();
  readonly #running = new Map<string, AbortController>();
  /** Runs that ended waiting a moment ago: what they wait for often comes at once, and then their status tells nobody anything. */
  readonly #postponed = new Map<string, NodeJS.Timeout>();
  #cache: WatchCache<T> | undefined;

  constructor(kind: KindController<T>, options: ControllerOptions, deps: ControllerDeps) {
    this.#kind = kind;
    this.#options = options;
    this.#deps = deps;
    this.#ownedTypes = new Set(['Ready', 'Reconciling', 'Stalled', ...kind.conditionTypes]);
    this.#queue = new WorkQueue({
      concurrency: options.concurrency,
      minRetryDelayMs: options.minRetryDelayMs,
      maxRetryDelayMs: options.maxRetryDelayMs,
      work: (key) => this.#work(key),
      onPanic: (key, error) => {
        deps.metrics.panicked();
        deps.log.error({ error, key }, 'Reconciler error');
        this.#queue.addRateLimited(key);
      },
      observe: deps.metrics.queue,
    });
  }

  get kind(): KindController<T> {
    return this.#kind;
  }

  get cache(): WatchCache<T> {
    if (this.#cache === undefined)
      throw new Error(`cannot read the cache of ${this.#kind.kind.kind}: it is not started`);
    return this.#cache;
  }

  enqueue(key: string, options: { readonly priority?: Priority; readonly afterMs?: number } = {}): void {
    if (options.afterMs === undefined) this.#queue.add(key, options.priority ?? 'event');
    else this.#queue.addAfter(key, options.afterMs, options.priority ?? 'event');
  }

  /** Gives the controller its cache; events may come in already, work starts with `start`. */
  attach(cache: WatchCache<T>): void {
    this.#cache = cache;
  }

  start(): void {
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const running of this.#running.values()) running.abort(this.#deps.signal.reason);
    await this.#queue.stop();
    await Promise.allSettled([...this.#postponed.keys()].map((key) => this.#flush(key)));
  }

  /** Told by the watch, in order, after the cache holds the change. */
  onEvent(event: CacheEvent<T>): void {
    const key = keyString(objectKey(event.object));
    if (event.type === 'deleted') this.#forget(key, event.object);
    else this.#consider(key, event.object);
    this.#kind.onChange?.(event);
  }

  #consider(key: string, object: T): void {
    const now: Seen = {
      generation: object.metadata.generation,
      requestedAt: object.metadata.annotations?.[requestedAtAnnotation],
      deleting: object.metadata.deletionTimestamp !== undefined,
    };
    const before = this.#seen.get(key);
    this.#seen.set(key, now);
    if (before === undefined) {
      const status = statusOf(object);
      const handled =
        status.observedGeneration === now.generation &&
        (status.lastHandledReconcileAt ?? now.requestedAt) === now.requestedAt;
      this.#queue.add(key, handled ? 'interval' : 'user');
    } else if (before.generation !== now.generation || before.deleting !== now.deleting) {
      this.#running.get(key)?.abort(superseded);
      this.#queue.add(key, 'user');
    } else if (now.requestedAt !== undefined && before.requestedAt !== now.requestedAt) {
      this.#queue.add(key, 'user');
    }
  }

  #forget(key: string, object: T): void {
    this.#seen.delete(key);
    this.#writers.delete(key);
    clearTimeout(this.#postponed.get(key));
    this.#postponed.delete(key);
    this.#running.get(key)?.abort(superseded);
    this.#queue.remove(key);
    this.#deps.metrics.forget(object);
  }

  async #work(key: string): Promise<void> {
    const current = this.#newest(key);
    if (current === undefined) return;
    const abort = new AbortController();
    this.#running.set(key, abort);
    this.#deps.metrics.started();
    const startedMs = performance.now();
    try {
      await this.#runObject(key, current, AbortSignal.any([abort.signal, this.#deps.signal]));
    } finally {
      this.#running.delete(key);
      this.#deps.metrics.ended(
        (performance.now() - startedMs) / 1000,
        this.cache.get(objectKey(current)) === undefined ? undefined : current,
      );
    }
  }

  /** The object of the cache, or as our own last write left it when that is newer. */
  #newest(key: string): KubeObject | undefined {
    const slash = key.indexOf('/');
    const cached = this.cache.get({ namespace: key.slice(0, slash), name: key.slice(slash + 1) });
    const written = this.#writers.get(key)?.object;
    if (cached === undefined || written === undefined || written.metadata.uid !== cached.metadata.uid) return cached;
    return isNewer(cached, written) ? cached : written;
  }

  async #runObject(key: string, current: KubeObject, signal: AbortSignal): Promise<void> {
    const log = this.#logOf(current);
    let object = current;
    if (this.#kind.isStatic?.(this.#kind.parse(current)) === true) {
      await this.#release(key, current, signal, log);
      return;
    }
    try {
      if (this.#kind.finalize !== undefined && object.metadata.deletionTimestamp === undefined)
        object = await this.#ensureFinalizer(object, true);
    } catch (error) {
      if (isNotFound(error)) return;
      log.error({ error }, 'Reconciler error');
      this.#queue.addRateLimited(key);
      return;
    }
    const writer = this.#writerOf(key, object);
    const run = new ReconcileRun(this.#kind.parse(writer.object), signal, log, writer);
    if (object.metadata.deletionTimestamp !== undefined) {
      await this.#finalize(key, run);
      return;
    }
    const end = await this.#reconcile(run);
    await run.close();
    if (signal.aborted) return; // the object changed, which has queued it anew, or the program ends
    await this.#finish(key, run, writer, end);
  }

  /** Takes away what a static object carries from the time before it was one, as if it were deleted. */
  async #release(key: string, current: KubeObject, signal: AbortSignal, log: Logger): Promise<void> {
    const isDeleting = current.metadata.deletionTimestamp !== undefined;
    const { observedGeneration = -1, ...fields } = statusOf(current);
    const hasStatus = observedGeneration !== -1 || Object.keys(fields).length > 0;
    const finalizers = current.metadata.finalizers ?? [];
    if (!hasStatus && !finalizers.includes(finalizer)) return;
    const run = new ReconcileRun(this.#kind.parse(current), signal, log, this.#writerOf(key, current));
    if (this.#kind.isSuspended(run.object) && !isDeleting) return;
    let object = current;
    try {
      await this.#kind.finalize?.(run.object, run);
      if (hasStatus && !isDeleting) {
        const { fieldManager } = this.#kind;
        const empty = { metadata: { resourceVersion: current.metadata.resourceVersion }, status: null };
        const options = { type: 'merge', subresource: 'status', fieldManager } as const;
        object = await this.#deps.client.patch(this.#kind.kind, objectKey(current), empty, options);
      }
      await this.#setFinalizers(
        object,
        finalizers.filter((item) => item !== finalizer),
      );
      this.#queue.forget(key);
    } catch (error) {
      if (isNotFound(error) || signal.aborted) return;
      log.error({ error }, 'Reconciler error');
      this.#queue.addRateLimited(key);
    }
  }

  async #reconcile(run: ReconcileRun<T>): Promise<RunEnd> {
    if (this.#kind.isSuspended(run.object)) {
      run.log.info('Reconciliation is suspended for this object');
      return { kind: 'suspended' };
    }
    try {
      return await this.#kind.reconcile(run.object, run);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #finish(key: string, run: ReconcileRun<T>, writer: StatusWriter, end: RunEnd): Promise<void> {
    let requeue: Requeue = { when: 'backoff' };
    const rules = {
      conditionTypes: this.#kind.conditionTypes,
      observesSuspended: this.#kind.observesSuspended ?? 'whenReady',
    } as const;
    const change = (object: KubeObject & { readonly status?: CommonStatus }): CommonStatus => {
      const after = statusAfter(object, rules, end, run.phase, run.now());
      requeue = after.requeue;
      return after.status;
    };
    try {
      if (this.#kind.statusless) change(writer.object);
      else if (!(end instanceof Error) && end.kind === 'waiting') {
        writer.stage(change);
        this.#postpone(key);
      } else await writer.write(change);
    } catch (error) {
      // The status is lost, the work is not: the next run finds it done.
      run.log.error({ error }, 'cannot write the status');
      this.#queue.addRateLimited(key);
      return;
    }
    const nextMs = this.#requeue(key, run.object, requeue);
    this.#report(run, end, nextMs);
  }

  /** One writer per object, so that a write that is under way and the next run's keep their order. */
  #writerOf(key: string, object: KubeObject): StatusWriter {
    clearTimeout(this.#postponed.get(key));
    this.#postponed.delete(key);
    const known = this.#writers.get(key);
    if (known !== undefined && known.object.metadata.uid === object.metadata.uid) {
      if (isNewer(object, known.object)) known.adopt(object);
      return known;
    }
    const { kind, fieldManager } = this.#kind;
    const writer = new StatusWriter(this.#deps.client, kind, fieldManager, this.#ownedTypes, object);
    this.#writers.set(key, writer);
    return writer;
  }

  #postpone(key: string): void {
    const timer = setTimeout(() => {
      this.#flush(key).catch((error: unknown) => this.#deps.log.error({ error, key }, 'cannot write the status'));
    }, phaseWriteDelayMs);
    this.#postponed.set(key, timer);
  }

  async #flush(key: string): Promise<void> {
    clearTimeout(this.#postponed.get(key));
    this.#postponed.delete(key);
    await this.#writers.get(key)?.flush();
  }

  /** Schedules the next look. @returns time until then in milliseconds; undefined: none */
  #requeue(key: string, object: T, requeue: Requeue): number | undefined {
    if (requeue.when === 'backoff') {
      this.#deps.metrics.result('error');
      return this.#queue.addRateLimited(key);
    }
    this.#queue.forget(key);
    if (requeue.when === 'never') {
      this.#deps.metrics.result('success');
      return undefined;
    }
    this.#deps.metrics.result('requeue_after');
    if (requeue.when === 'after') {
      this.#queue.addAfter(key, requeue.ms);
      return requeue.ms;
    }
    const intervalMs = this.#kind.intervalMs(object);
    if (intervalMs === undefined) return undefined;
    const spread = this.#kind.jitters === false ? 0 : this.#options.jitterPercent / 100;
    this.#queue.addAfter(key, intervalMs * (1 + (Math.random() * 2 - 1) * spread));
    return intervalMs;
  }

  /** One log line and the events of a run, all from its end (STYLE 13). */
  #report(run: ReconcileRun<T>, end: RunEnd, nextMs: number | undefined): void {
    for (const draft of run.events) this.#event(run, draft);
    const took = formatGoDuration(Math.round(run.elapsedMs() * 1000) / 1000);
    if (end instanceof Error) {
      this.#reportFailure(run, end, took, nextMs);
      return;
    }
    if (end.kind !== 'ready') return;
    const draft = this.#readyEvent(run, end, nextMs);
    if (draft !== undefined) this.#event(run, draft);
    else
      run.log.info(
        nextMs === undefined
          ? `Reconciliation finished in ${took}`
          : `Reconciliation finished in ${took}, next run in ${formatGoDuration(nextMs)}`,
      );
  }

  #readyEvent(
    run: ReconcileRun<T>,
    end: Extract<Outcome, { kind: 'ready' }>,
    nextMs: number | undefined,
  ): EventDraft | undefined {
    return this.#kind.readyEvent?.(run.object, end, run, nextMs ?? 0);
  }

  #reportFailure(run: ReconcileRun<T>, error: Error, took: string, nextMs: number | undefined): void {
    const next = nextMs === undefined ? '' : `, next try in ${formatGoDuration(nextMs)}`;
    if (!(error instanceof ReconcileError)) {
      run.log.error({ error, stacktrace: error.stack }, `Reconciliation failed after ${took}${next}`);
      return;
    }
    const { options, reason } = error;
    const message = options.eventMessage ?? error.message;
    if (error.retry.when === 'specChanges') this.#deps.metrics.terminalError();
    if (options.event === 'normal' || options.event === 'none') run.log.info(message);
    else run.log.error({ error: message }, `Reconciliation failed after ${took}${next}`);
    if (options.event === 'none') return;
    const type = options.event === 'normal' ? 'Normal' : options.event === 'trace' ? 'Trace' : 'Warning';
    this.#deps.recordEvent(run.object, {
      type,
      reason: options.eventReason ?? reason,
      message,
      metadata: options.eventMetadata,
    });
  }

  #event(run: ReconcileRun<T>, draft: EventDraft): void {
    run.log.info({ ...draft.metadata }, draft.message);
    this.#deps.recordEvent(run.object, draft);
  }

  /** Adds our finalizer, or takes it off; nothing is sent when it is so already. Others' finalizers survive. */
  async #ensureFinalizer(object: KubeObject, wanted: boolean): Promise<KubeObject> {
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(finalizer) === wanted) return object;
    try {
      const others = finalizers.filter((item) => item !== finalizer);
      return await this.#setFinalizers(object, wanted ? [...others, finalizer] : others);
    } catch (error) {
      if (!isConflict(error)) throw error;
      return this.#ensureFinalizer(await this.#deps.client.get(this.#kind.kind, objectKey(object)), wanted);
    }
  }

  #setFinalizers(object: KubeObject, finalizers: readonly string[]): Promise<KubeObject> {
    const body = { metadata: { resourceVersion: object.metadata.resourceVersion, finalizers } };
    return this.#deps.client.patch(this.#kind.kind, objectKey(object), body, {
      type: 'merge',
      fieldManager: this.#kind.fieldManager,
    });
  }

  async #finalize(key: string, run: ReconcileRun<T>): Promise<void> {
    const { object } = run;
    const finalizers = object.metadata.finalizers ?? [];
    if (this.#kind.finalize === undefined || !finalizers.includes(finalizer)) return;
    try {
      await this.#kind.finalize(object, run);
      await run.close();
      await this.#ensureFinalizer(object, false);
      this.#deps.metrics.result('success');
    } catch (error) {
      await run.close();
      if (isNotFound(error) || run.signal.aborted) return;
      const requeue: Requeue =
        error instanceof ReconcileError && error.retry.when === 'after' ? error.retry : { when: 'backoff' };
      const nextMs = this.#requeue(key, object, requeue);
      this.#report(run, error instanceof Error ? error : new Error(String(error)), nextMs);
      return;
    }
    for (const draft of run.events) this.#event(run, draft);
  }

  #logOf(object: KubeObject): Logger {
    const { name, namespace } = object.metadata;
    const { kind, group, singular } = this.#kind.kind;
    return this.#deps.log.child({
      controller: singular,
      controllerGroup: group,
      controllerKind: kind,
      [kind]: { name, namespace },
      namespace,
      name,
      reconcileID: randomUUID(),
    });
  }
}

/** Versions of one object are numbers that grow; on a server where they are not, an older copy is read at worst. */
function isNewer(a: KubeObject, b: KubeObject): boolean {
  return Number(a.metadata.resourceVersion) > Number(b.metadata.resourceVersion);
}

function statusOf(object: KubeObject): CommonStatus {
  const status = object['status'];
  return typeof status === 'object' && status !== null ? (status as CommonStatus) : {}; // the CRD's schema has checked it
}
