import type { Priority } from './contract.ts';

const order: readonly Priority[] = ['user', 'event', 'interval'];

export interface WorkQueueOptions {
  /** Keys that are worked on at the same time. */
  readonly concurrency: number;
  readonly minRetryDelayMs: number;
  readonly maxRetryDelayMs: number;
  /** Works on one key. It handles its own failures; what it throws all the same is handed to `onPanic`. */
  readonly work: (key: string) => Promise<void>;
  readonly onPanic: (key: string, error: unknown) => void;
  readonly observe?: QueueObserver | undefined;
}

/** Told what happens in the queue, for the `workqueue_*` metrics. */
export interface QueueObserver {
  added(depth: number): void;
  started(depth: number, waitedMs: number): void;
  done(workedMs: number): void;
  retried(): void;
}

/**
 * Keys to work on: a key is queued once however often it is added, is never worked on twice at the same time, and is taken
 * up again after its work when it was added meanwhile. Higher priorities first, then order of arrival.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Queued keys with the time they came in; Map keeps the order of arrival. */
  readonly #queued: Readonly<Record<Priority, Map<string, number>>> = {
    user: new Map(),
    event: new Map(),
    interval: new Map(),
  };
  readonly #working = new Map<string, Priority | undefined>();
  readonly #timers = new Map<string, { readonly timer: NodeJS.Timeout; readonly at: number }>();
  readonly #failures = new Map<string, number>();
  #paused = true;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  get depth(): number {
    return order.reduce((sum, priority) => sum + this.#queued[priority].size, 0);
  }

  /** Lets workers start; until then keys only gather. */
  start(): void {
    this.#paused = false;
    this.#dispatch();
  }

  /** Queues the key now; whatever was scheduled for later is dropped, since the work will schedule anew. */
  add(key: string, priority: Priority = 'event'): void {
    this.#unschedule(key);
    if (this.#working.has(key)) {
      const waiting = this.#working.get(key);
      this.#working.set(key, waiting === undefined ? priority : higher(waiting, priority));
      return;
    }
    const now = performance.now();
    let since = now;
    for (const other of order) {
      const queuedAt = this.#queued[other].get(key);
      if (queuedAt === undefined) continue;
      if (order.indexOf(other) <= order.indexOf(priority)) return;
      this.#queued[other].delete(key);
      since = queuedAt;
    }
    this.#queued[priority].set(key, since);
    this.#options.observe?.added(this.depth);
    this.#dispatch();
  }

  /** Queues the key after a time, unless it is to come earlier anyway. */
  addAfter(key: string, delayMs: number, priority: Priority = 'interval'): void {
    const at = performance.now() + delayMs;
    const scheduled = this.#timers.get(key);
    if (scheduled !== undefined && scheduled.at <= at) return;
    this.#unschedule(key);
    // Node's timers end at 2^31 ms: a longer wait looks again then.
    const timer = setTimeout(() => this.add(key, priority), Math.min(delayMs, 2 ** 31 - 1));
    this.#timers.set(key, { timer, at });
  }

  /** Queues the key after min·2^n, bounded by max, n being the failures in a row. */
  addRateLimited(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delayMs = Math.min(
      this.#options.minRetryDelayMs * 2 ** Math.min(failures, 40),
      this.#options.maxRetryDelayMs,
    );
    this.#options.observe?.retried();
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** Ends a row of failures. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Drops all that is known of a key that is gone. */
  remove(key: string): void {
    this.forget(key);
    this.#unschedule(key);
    for (const priority of order) this.#queued[priority].delete(key);
    if (this.#working.has(key)) this.#working.set(key, undefined);
  }

  /** Takes up nothing more and resolves when the work under way has ended. */
  async stop(): Promise<void> {
    this.#paused = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (this.#working.size === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  #unschedule(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer);
    this.#timers.delete(key);
  }

  #dispatch(): void {
    while (!this.#paused && this.#working.size < this.#options.concurrency) {
      const priority = order.find((candidate) => this.#queued[candidate].size > 0);
      if (priority === undefined) return;
      const [key, since] = this.#queued[priority].entries().next().value ?? ['', 0];
      this.#queued[priority].delete(key);
      this.#working.set(key, undefined);
      this.#options.observe?.started(this.depth, performance.now() - since);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    const startedAt = performance.now();
    try {
      await this.#options.work(key);
    } catch (error) {
      this.#options.onPanic(key, error);
    }
    this.#options.observe?.done(performance.now() - startedAt);
    const again = this.#working.get(key);
    this.#working.delete(key);
    if (again !== undefined) this.add(key, again);
    this.#dispatch();
    if (this.#paused && this.#working.size === 0) this.#idle?.resolve();
  }
}

function higher(a: Priority, b: Priority): Priority {
  return order.indexOf(a) <= order.indexOf(b) ? a : b;
}
