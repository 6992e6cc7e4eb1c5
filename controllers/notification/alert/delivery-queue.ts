/** Deliveries of one line that are under way at the same time. */
const maxParallel = 4;
/** Deliveries of one line that may wait, and the bytes of all that wait in all lines. */
const maxWaiting = 10_000;
const maxWaitingBytes = 64 * 1024 * 1024;
/** What has waited longer is not sent any more, in milliseconds: its line does not move, and the news is old. */
const maxAgeMs = 5 * 60_000;
/** How far a line is searched for a delivery that need not wait for another one about the same object. */
const lookAhead = 64;

export interface Delivery {
  /** The line: deliveries to one Provider. */
  readonly line: string;
  /** What it is about: deliveries of one line with the same subject keep their order. */
  readonly subject: string;
  /** About how much memory it holds while it waits. */
  readonly bytes: number;
  /** Reports its own failure. */
  run(): Promise<void>;
  /** Called instead of `run` when it is not sent. */
  drop(why: string): void;
}

interface Line {
  readonly running: Set<string>;
  readonly waiting: (Delivery & { readonly since: number })[];
}

/** Deliveries in the background: one that hangs holds up nobody else's, and a flood cannot fill the memory. */
export class DeliveryQueue {
  readonly #lines = new Map<string, Line>();
  readonly #now: () => number;
  #waitingBytes = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Never throws and never waits. */
  add(delivery: Delivery): void {
    const line = this.#lines.get(delivery.line) ?? { running: new Set(), waiting: [] };
    if (line.waiting.length >= maxWaiting || this.#waitingBytes + delivery.bytes > maxWaitingBytes) {
      delivery.drop('too many notifications are waiting');
      return;
    }
    this.#lines.set(delivery.line, line);
    line.waiting.push({ ...delivery, since: this.#now() });
    this.#waitingBytes += delivery.bytes;
    this.#advance(delivery.line, line);
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

  #advance(name: string, line: Line): void {
    this.#dropExpired(line);
    while (line.running.size < maxParallel) {
      const delivery = this.#next(line);
      if (delivery === undefined) break;
      line.running.add(delivery.subject);
      // A delivery reports its own failure; whatever else it throws must not stop the line.
      void delivery
        .run()
        .catch(() => undefined)
        .then(() => {
          line.running.delete(delivery.subject);
          this.#advance(name, line);
        });
    }
    if (line.running.size > 0 || line.waiting.length > 0) return;
    this.#lines.delete(name);
    if (this.#lines.size === 0) this.#idle?.resolve();
  }

  /** Takes out the first whose subject is not under way. */
  #next(line: Line): Delivery | undefined {
    const end = Math.min(line.waiting.length, lookAhead);
    for (let index = 0; index < end; index++) {
      const delivery = line.waiting[index];
      if (delivery === undefined || line.running.has(delivery.subject)) continue;
      line.waiting.splice(index, 1);
      this.#waitingBytes -= delivery.bytes;
      return delivery;
    }
    return undefined;
  }

  #dropExpired(line: Line): void {
    const oldest = this.#now() - maxAgeMs;
    const fresh = line.waiting.findIndex(({ since }) => since > oldest);
    for (const delivery of line.waiting.splice(0, fresh < 0 ? line.waiting.length : fresh)) {
      this.#waitingBytes -= delivery.bytes;
      delivery.drop('it has waited too long');
    }
  }
}
