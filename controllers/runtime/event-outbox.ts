/**
 * Deliveries in the background: those of one key one after the other, different keys side by side, and never more than
 * fits. Whoever adds never waits.
 */
export class EventOutbox {
  readonly #limit: number;
  readonly #parallel: number;
  readonly #closing = new AbortController();
  /** Waiting deliveries by key, in order of arrival; a key under way is in `#busy` too. */
  readonly #waiting = new Map<string, Delivery[]>();
  readonly #busy = new Set<string>();
  #size = 0;
  #isClosed = false;
  #drained: PromiseWithResolvers<void> | undefined;

  /** @param limit most deliveries that wait or are under way */
  constructor(limit: number, parallel: number) {
    this.#limit = limit;
    this.#parallel = parallel;
  }

  /** @returns false when the delivery was refused: too many wait, or the outbox is closed */
  add(key: string, deliver: Delivery): boolean {
    if (this.#isClosed || this.#size >= this.#limit) return false;
    this.#size += 1;
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, [deliver]);
    else waiting.push(deliver);
    this.#dispatch();
    return true;
  }

  /** Takes nothing more; what is not delivered in time is given up, its signal aborted. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    if (this.#size === 0) return;
    this.#drained ??= Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#waiting.clear();
      this.#closing.abort(new DOMException('the program ends', 'AbortError'));
      this.#drained?.resolve();
    }, timeoutMs);
    await this.#drained.promise;
    clearTimeout(timer);
  }

  #dispatch(): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#busy.size >= this.#parallel) return;
      if (this.#busy.has(key)) continue;
      const deliver = waiting.shift();
      if (waiting.length === 0) this.#waiting.delete(key);
      if (deliver === undefined) continue;
      this.#busy.add(key);
      void this.#run(key, deliver);
    }
  }

  async #run(key: string, deliver: Delivery): Promise<void> {
    await deliver(this.#closing.signal);
    this.#busy.delete(key);
    this.#size -= 1;
    if (this.#size === 0) this.#drained?.resolve();
    this.#dispatch();
  }
}

/** Handles its own failures: it must not reject. */
export type Delivery = (signal: AbortSignal) => Promise<void>;
