import { type Change, formatObject, type ObjectId } from '#apply';

/** So many repairs of one object within `disputeMs` are a dispute with another writer. */
const disputeRepairs = 3;
const disputeMs = 60_000;

/** What is told of one repair. */
export interface DriftReport {
  readonly lines: readonly string[];
  /** Objects that somebody else changes again and again. */
  readonly disputes: readonly string[];
}

/** Remembers who was told that something drifted, and how often objects had to be repaired. In memory only. */
export class DriftLog {
  /** Objects of an owner that someone deleted, until a run has made them again. */
  readonly #deleted = new Map<string, Set<string>>();
  /** When an object was repaired, by owner and object. */
  readonly #repairs = new Map<string, Map<string, readonly number[]>>();
  readonly #now: () => number;

  /** @param now the monotonic clock, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A watch told of a change by somebody else; of what kind the run that repairs it says, save when nothing is left to look at. */
  noteDeleted(owner: string, id: ObjectId): void {
    const deleted = this.#deleted.get(owner) ?? new Set();
    deleted.add(formatObject(id));
    this.#deleted.set(owner, deleted);
  }

  /** What a run that made these changes has repaired. */
  report(owner: string, changes: readonly Change[]): DriftReport {
    const deleted = this.#deleted.get(owner);
    this.#deleted.delete(owner);
    const lines: string[] = [];
    const disputes: string[] = [];
    for (const { id, action, drift } of changes) {
      const subject = formatObject(id);
      const isRemade = action === 'created' && deleted?.has(subject) === true;
      if (drift === undefined && !isRemade) continue;
      const fields = drift?.fields ?? [];
      lines.push(isRemade ? `${subject} was deleted` : `${subject} was changed: ${describe(fields)}`);
      if (this.#repaired(owner, subject) < disputeRepairs) continue;
      const managers = [...new Set(fields.flatMap(({ manager }) => (manager === undefined ? [] : [`"${manager}"`])))];
      const who = managers.length === 0 ? 'someone' : managers.join(' and ');
      disputes.push(`${subject}: ${who} keeps ${isRemade ? 'deleting it' : `changing ${paths(fields)}`}`);
    }
    return { lines, disputes };
  }

  forget(owner: string): void {
    this.#deleted.delete(owner);
    this.#repairs.delete(owner);
  }

  /** @returns how often the object was repaired of late, this time included */
  #repaired(owner: string, subject: string): number {
    const now = this.#now();
    const recent = new Map<string, readonly number[]>();
    for (const [other, times] of this.#repairs.get(owner) ?? []) {
      const kept = times.filter((at) => now - at < disputeMs);
      if (kept.length > 0) recent.set(other, kept);
    }
    const times = [...(recent.get(subject) ?? []), now];
    recent.set(subject, times);
    this.#repairs.set(owner, recent);
    return times.length;
  }
}

type Fields = readonly { readonly path: string; readonly manager: string | undefined }[];

function describe(fields: Fields): string {
  return fields.map(({ path, manager }) => (manager === undefined ? path : `${path} by "${manager}"`)).join(', ');
}

function paths(fields: Fields): string {
  return fields.map(({ path }) => path).join(', ');
}
