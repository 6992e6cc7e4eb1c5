/** A quiet object is repaired at once; one that somebody else keeps changing is repaired less and less often. */
const firstDelayMs = 1_000;
const longestDelayMs = 300_000;
/** After this time without drift an object counts as quiet again, in milliseconds. */
const quietMs = 60_000;

interface Pace {
  readonly repairs: number;
  readonly at: number;
}

/**
 * How long to wait before a repair. Two parties that want different things would otherwise write as fast as watches tell:
 * Flux takes one turn an interval.
 */
export class DriftPace {
  readonly #paces = new Map<string, Pace>();
  readonly #now: () => number;

  /** @param now the monotonic clock, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  nextDelayMs(key: string): number {
    const now = this.#now();
    const before = this.#paces.get(key);
    const delay = before === undefined ? 0 : delayAfter(before.repairs);
    const fresh = before === undefined || now - before.at > delay + quietMs;
    if (fresh) this.#sweep(now);
    this.#paces.set(key, { repairs: fresh ? 1 : before.repairs + 1, at: fresh ? now : now + delay });
    return fresh ? 0 : delay;
  }

  /** Keeps the map as small as the number of objects in dispute. */
  #sweep(now: number): void {
    for (const [key, pace] of this.#paces) if (now - pace.at > longestDelayMs + quietMs) this.#paces.delete(key);
  }
}

/** Twice at once (a person tries something), then 1, 2, 4 … seconds. */
function delayAfter(repairs: number): number {
  return repairs < 2 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (repairs - 2));
}
