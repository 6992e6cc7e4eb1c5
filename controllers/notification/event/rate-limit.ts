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

/** Most keys that are remembered: about 10 MB. Under a flood of different events the oldest are forgotten, and so told again. */
const mostKeys = 50_000;

/** One event per key and fixed window, from its first sight. */
export class RateLimit {
  readonly #windowMs: number;
  readonly #mostKeys: number;
  /** End of each window; sorted by it, since all windows are equally long. */
  readonly #ends = new Map<string, number>();

  constructor(windowMs: number, limit: number = mostKeys) {
    this.#windowMs = windowMs;
    this.#mostKeys = limit;
  }

  get size(): number {
    return this.#ends.size;
  }

  take(key: string, now: number): Verdict {
    for (const [old, end] of this.#ends) {
      if (end > now) break;
      this.#ends.delete(old);
    }
    const end = this.#ends.get(key);
    if (end !== undefined) return { duplicate: true, resetAt: end };
    if (this.#ends.size >= this.#mostKeys) this.#forgetOldest();
    const resetAt = now + this.#windowMs;
    this.#ends.set(key, resetAt);
    return { duplicate: false, resetAt };
  }

  #forgetOldest(): void {
    for (const [oldest] of this.#ends) {
      this.#ends.delete(oldest);
      return;
    }
  }
}
