import { type KustomizationSpec, parseGoDuration } from '#crds';

/** No run gets less time than this, whatever its spec says (spec A2). */
const shortestTimeoutMs = 30_000;

export function intervalMs(spec: KustomizationSpec): number {
  return parseGoDuration(spec.interval);
}

/** Exactly how long after a failed run the next one starts. */
export function retryIntervalMs(spec: KustomizationSpec): number {
  return parseGoDuration(spec.retryInterval ?? spec.interval);
}

/** How long health checks and the wait for termination may take. */
export function timeoutMs(spec: KustomizationSpec): number {
  const wanted = spec.timeout === undefined ? intervalMs(spec) - 30_000 : parseGoDuration(spec.timeout);
  return Math.max(shortestTimeoutMs, wanted);
}
