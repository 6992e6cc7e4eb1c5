/** A wait for health may span several runs; what belongs to all of them is kept here, in memory. */
export interface HealthWait {
  /** On the monotonic clock, in milliseconds: when the first of the runs started. */
  readonly startedAt: number;
  /** Whether the objects were known to be healthy before. */
  readonly wasHealthy: boolean;
  /** Whether one of the runs changed an object. */
  changed: boolean;
}

export class HealthWaits {
  readonly #waits = new Map<string, HealthWait & { readonly revision: string }>();

  /** The wait of this revision, begun now unless it is under way. */
  resume(key: string, revision: string, begin: HealthWait): HealthWait {
    const before = this.#waits.get(key);
    if (before !== undefined && before.revision === revision) return before;
    const wait = { ...begin, revision };
    this.#waits.set(key, wait);
    return wait;
  }

  /** Whether something else than this revision is being waited for. */
  isForOther(key: string, revision: string): boolean {
    const wait = this.#waits.get(key);
    return wait !== undefined && wait.revision !== revision;
  }

  end(key: string): void {
    this.#waits.delete(key);
  }
}
