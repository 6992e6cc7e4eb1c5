/** How long a repaired object must be left alone before its next repair is immediate again, in milliseconds. */
const quietMs = 300_000;
const firstDelayMs = 1_000;

interface Repairs {
  count: number;
  lastAt: number;
}

/**
 * Paces the repair of drift: the first repair of an object is immediate, but two writers that fight over a field must not
 * make the controller run in circles, so each further one within five minutes waits twice as long.
 */
export class DriftPace {
  readonly #repairs = new Map<string, Repairs>();

  /**
   * Time to wait before the object is repaired, in milliseconds.
   * @param longestMs upper bound, as the interval: Flux looks no more often than that
   */
  delayMs(object: string, longestMs: number, now: number): number {
    const before = this.#repairs.get(object);
    if (before === undefined || now - before.lastAt > quietMs) {
      this.#forgetOld(now);
      this.#repairs.set(object, { count: 1, lastAt: now });
      return 0;
    }
    // Several changes before the repair that they wait for are one.
    if (before.lastAt > now) return before.lastAt - now;
    const delay = Math.min(longestMs, firstDelayMs * 2 ** (before.count - 1));
    before.count++;
    before.lastAt = now + delay;
    return delay;
  }

  #forgetOld(now: number): void {
    for (const [object, repairs] of this.#repairs) {
      if (now - repairs.lastAt > quietMs) this.#repairs.delete(object);
    }
  }
}
