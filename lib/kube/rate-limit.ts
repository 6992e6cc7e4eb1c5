import { sleep } from '#concurrency';

export interface RateLimit {
  /** Calls a second over time. */
  readonly qps: number;
  /** Calls at once after a pause. */
  readonly burst: number;
}

/** Lets `burst` calls through at once and `qps` a second after that, in order of arrival. */
export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  /** @param now a monotonic clock in milliseconds */
  constructor(limit: RateLimit, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
    this.#tokens = limit.burst;
    this.#at = now();
  }

  /** Takes a token, one of the future if need be; returns how long to wait for it, in milliseconds. */
  reserve(): number {
    const now = this.#now();
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + ((now - this.#at) / 1000) * this.#limit.qps);
    this.#at = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#limit.qps) * 1000;
  }

  async take(signal?: AbortSignal): Promise<void> {
    const waitMs = this.reserve();
    if (waitMs > 0) await sleep(waitMs, signal);
  }
}
