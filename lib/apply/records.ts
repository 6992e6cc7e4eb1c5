import type { KubeObject } from '#crds';
import type { ObjectId } from './contract.ts';
import { at } from './json.ts';
import { compareVersions, type LiveEntry } from './live-entry.ts';
import { fingerprintOf, type ManagerRules } from './managed-fields.ts';
import type { Desired } from './normalise.ts';
import { identity } from './object-id.ts';

/** What our last write (or a compare that found nothing to write) left of one object. Only ever in memory. */
export interface LastApplied {
  readonly id: ObjectId;
  /** `namespace/name`. */
  readonly owner: string;
  /** Name of the actor who wrote or compared it: its rights are no one else's. */
  readonly actor: string;
  readonly digest: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly fingerprint: string | undefined;
  readonly expires: boolean;
  /** On the monotonic clock, in milliseconds. */
  readonly at: number;
}

/** How long a watch may lag behind our own writes, in milliseconds. */
const lagMs = 10_000;

/** How a record relates to what the watch shows: `ahead` means that the watch has not told of our own write yet. */
export type Standing = 'same' | 'ahead' | 'changed' | 'gone';

export class Records {
  readonly #records = new Map<string, LastApplied>();
  readonly #seen = new Set<LastApplied>();
  readonly #rules: ManagerRules;
  readonly #now: () => number;

  /** @param now the monotonic clock, in milliseconds */
  constructor(rules: ManagerRules, now: () => number) {
    this.#rules = rules;
    this.#now = now;
  }

  get(key: string): LastApplied | undefined {
    return this.#records.get(key);
  }

  /** @param live what the API server holds now */
  keep(desired: Desired, owner: string, actor: string, live: KubeObject): LastApplied {
    const record: LastApplied = {
      id: desired.id,
      owner,
      actor,
      digest: desired.digest,
      uid: live.metadata.uid,
      resourceVersion: live.metadata.resourceVersion,
      fingerprint: fingerprintOf(live.metadata, this.#rules),
      expires: desired.id.kind === 'Job' && at(desired.object, 'spec', 'ttlSecondsAfterFinished') !== undefined,
      at: this.#now(),
    };
    this.drop(identity(desired.id));
    this.#records.set(identity(desired.id), record);
    return record;
  }

  drop(key: string): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    this.#records.delete(key);
    this.#seen.delete(record);
  }

  dropOwner(owner: string): void {
    for (const [key, record] of this.#records) if (record.owner === owner) this.drop(key);
  }

  *kinds(): Iterable<string> {
    for (const { id } of this.#records.values()) yield `${id.group}/${id.kind}`;
  }

  standing(record: LastApplied, entry: LiveEntry | undefined): Standing {
    const lags = !this.#seen.has(record) && this.#now() - record.at < lagMs;
    if (entry === undefined) return lags ? 'ahead' : 'gone';
    const order = compareVersions(entry.metadata.resourceVersion, record.resourceVersion);
    if (entry.metadata.uid === record.uid && order === 0) {
      this.#seen.add(record);
      return 'same';
    }
    if (lags && order !== undefined && order < 0) return 'ahead';
    this.#seen.add(record);
    const same = record.fingerprint !== undefined && entry.fingerprint === record.fingerprint;
    return same && entry.metadata.uid === record.uid ? 'same' : 'changed';
  }
}
