import { formatGoDuration, type HistoryEntry } from '#crds';

/** Most entries kept. */
const maxEntries = 5;

/** How a run of known manifests ended. */
export interface Ending {
  /** Of the built manifests. */
  readonly digest: string;
  readonly status: 'ReconciliationSucceeded' | 'ReconciliationFailed' | 'PruneFailed' | 'HealthCheckFailed';
  readonly durationMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The history with one more run: counted where the same manifests ended the same way before, and moved to the front. */
export function withEnding(history: readonly HistoryEntry[], ending: Ending, now: Date): readonly HistoryEntry[] {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const same = (entry: HistoryEntry): boolean =>
    entry.digest === ending.digest && entry.lastReconciledStatus === ending.status;
  const before = history.find(same);
  const entry: HistoryEntry = {
    digest: ending.digest,
    firstReconciled: before?.firstReconciled ?? time,
    lastReconciled: time,
    lastReconciledDuration: formatGoDuration(ending.durationMs),
    lastReconciledStatus: ending.status,
    totalReconciliations: (before?.totalReconciliations ?? 0) + 1,
    metadata: ending.metadata,
  };
  return [entry, ...history.filter((other) => !same(other))].slice(0, maxEntries);
}
