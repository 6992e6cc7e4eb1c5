/** Deliveries to one Provider that are under way at the same time, and that may wait. */
const maxParallel = 4;
const maxPending = 500;

interface Line {
  running: number;
  readonly waiting: (() => Promise<void>)[];
}

/**
 * Deliveries in the background, a line per Provider in order of arrival: one that hangs holds up nobody else, and a flood of
 * events cannot fill the memory.
 */
export class DeliveryQueue {
  readonly #lines = new Map<string, Line>();
  #idle: PromiseWithResolvers<void> | undefined;

  /** @returns false when the Provider's line is full and the delivery is dropped */
  add(provider: string, deliver: () => Promise<void>): boolean {
    const line = this.#lines.get(provider) ?? { running: 0, waiting: [] };
    this.#lines.set(provider, line);
    if (line.waiting.length >= maxPending) return false;
    line.waiting.push(deliver);
    this.#next(provider, line);
    return true;
  }

  /** Resolves when everything was delivered, or after the time. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#lines.size === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([this.#idle.promise, timeout]);
    clearTimeout(timer);
  }

  #next(provider: string, line: Line): void {
    while (line.running < maxParallel) {
      const deliver = line.waiting.shift();
      if (deliver === undefined) break;
      line.running++;
      // A delivery reports its own failure; whatever else it throws must not stop the line.
      void deliver()
        .catch(() => undefined)
        .then(() => {
          line.running--;
          this.#next(provider, line);
        });
    }
    if (line.running > 0 || line.waiting.length > 0) return;
    this.#lines.delete(provider);
    if (this.#lines.size === 0) this.#idle?.resolve();
  }
}
