import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly pollMs?: number;
  /** Completes "timed out after … waiting for": a sentence in the test's own words. */
  readonly what?: string;
}

/**
 * Waits until `attempt` returns something else than undefined, null or false, and returns that. What it throws counts
 * as "not yet" and becomes the cause of the error in the end.
 */
export async function waitFor<T>(
  attempt: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { timeoutMs = 20_000, pollMs = 50, what = 'a condition' } = options;
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const result = await attempt();
      if (isThere(result)) return result;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) {
      const last = cause instanceof Error ? `: ${cause.message}` : '';
      throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}${last}`, { cause });
    }
    await sleep(pollMs);
  }
}

function isThere<T>(value: T): value is Exclude<T, undefined | null | false> {
  return value !== undefined && value !== null && value !== false;
}
