import { createHash } from 'node:crypto';
import { type Event, groupMetadata } from './event.ts';

/** What makes two events duplicates: object, message, revisions and token; not severity, reason or other metadata (spec 5.2). */
export function eventKey(event: Event): string {
  const { name, namespace, kind } = event.involvedObject;
  let key = `event/name=${name}/namespace=${namespace}/kind=${kind}/message=${event.message}`;
  for (const field of ['originRevision', 'revision', 'token']) {
    const value = groupMetadata(event, field);
    if (value !== undefined && value !== '') key += `/${field}=${value}`;
  }
  return createHash('sha256').update(key).digest('hex');
}

export interface Verdict {
  readonly duplicate: boolean;
  /** End of the window, in milliseconds since the epoch. */
  readonly resetAt: number;
}

/** One event per key and fixed window, from its first sight. The memory is bounded by the events of two windows. */
export class RateLimit {
  readonly #windowMs: number;
  readonly #ends = new Map<string, number>();
  #sweepAt = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  take(key: string, now: number): Verdict {
    this.#sweep(now);
    const end = this.#ends.get(key);
    if (end !== undefined && end > now) return { duplicate: true, resetAt: end };
    const resetAt = now + this.#windowMs;
    this.#ends.delete(key); // re-inserted at the back: the map stays sorted by end
    this.#ends.set(key, resetAt);
    return { duplicate: false, resetAt };
  }

  #sweep(now: number): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + this.#windowMs;
    for (const [key, end] of this.#ends) {
      if (end > now) break;
      this.#ends.delete(key);
    }
  }
}
