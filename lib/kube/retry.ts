import type { NoConnection } from './errors.ts';

/** Why an attempt did not succeed. */
export type Failure =
  | { readonly kind: 'connection'; readonly code: NoConnection }
  | { readonly kind: 'status'; readonly code: number; readonly retryAfterMs: number | undefined };

export interface RetryRule {
  /** Attempts after the first. */
  readonly retries: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

export const defaultRetryRule: RetryRule = { retries: 4, baseMs: 100, maxMs: 2_000 };

/** How long a server's Retry-After is obeyed at most, in milliseconds. */
const longestRetryAfterMs = 10_000;

/**
 * How long to wait before the call is made again, in milliseconds; undefined: give up.
 *
 * A request that never left can always be repeated, and one that the server refused to look at (429) too. Whatever may
 * have been carried out is repeated only when doing it twice is the same as doing it once.
 * @param attempt 0 for the first one
 * @param chance 0 ≤ x < 1
 */
export function retryDelay(
  failure: Failure,
  attempt: number,
  idempotent: boolean,
  method: string,
  rule: RetryRule,
  chance: number,
): number | undefined {
  if (attempt >= rule.retries || !mayRepeat(failure, idempotent, method)) return undefined;
  if (failure.kind === 'status' && failure.retryAfterMs !== undefined) {
    return Math.min(failure.retryAfterMs, longestRetryAfterMs) + chance * rule.baseMs;
  }
  const ceiling = Math.min(rule.maxMs, rule.baseMs * 2 ** attempt);
  return ceiling / 2 + (chance * ceiling) / 2;
}

function mayRepeat(failure: Failure, idempotent: boolean, method: string): boolean {
  if (failure.kind === 'connection') {
    return failure.code === 'connect' || (failure.code === 'lost' && idempotent);
  }
  if (failure.code === 429) return true;
  return method === 'GET' && (failure.code === 503 || failure.code === 504);
}

/** `Retry-After` in milliseconds: seconds or a date. */
export function parseRetryAfter(header: string | readonly string[] | undefined, now: Date): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
