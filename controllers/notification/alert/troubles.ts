import type { Alert } from '#crds';
import type { EventDraft } from '#runtime';

/** A second report of the same trouble comes after this time at the earliest, in milliseconds. */
const quietMs = 5 * 60_000;
/** Most troubles that are remembered; beyond, the one quiet for longest is forgotten. */
const mostTroubles = 1000;

export interface Trouble {
  readonly reason: 'NotificationDispatchFailed' | 'SourceFetchFailed' | 'InvalidConfig' | 'MetadataAppendFailed';
  readonly message: string;
  /** What makes it the same trouble the next time, as the message without the object it is about. */
  readonly cause: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Known {
  readonly alert: Alert;
  last: Trouble;
  /** Times it happened since it was last told. */
  again: number;
  readonly timer: Disposable;
}

export interface TroublesDeps {
  readonly log: { error(fields: object, message: string): void };
  readonly recordEvent: (alert: Alert, draft: EventDraft) => void;
  /** Calls back once; disposing it calls it off. */
  readonly after: (ms: number, call: () => void) => Disposable;
}

/**
 * Tells on an Alert what went wrong: the first time at once, then at most every five minutes with a count. A Provider that is
 * down would otherwise write an event for each notification (spec trap 30).
 */
export class Troubles implements Disposable {
  readonly #deps: TroublesDeps;
  readonly #known = new Map<string, Known>();

  constructor(deps: TroublesDeps) {
    this.#deps = deps;
  }

  report(alert: Alert, trouble: Trouble): void {
    const key = JSON.stringify([
      alert.metadata.uid,
      alert.metadata.namespace,
      alert.metadata.name,
      trouble.reason,
      trouble.cause,
    ]);
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.last = trouble;
      known.again++;
      return;
    }
    if (this.#known.size >= mostTroubles) this.#forgetOldest();
    this.#watch(key, alert, trouble);
    this.#tell(alert, trouble, 0);
  }

  /** Tells what was counted and not told yet. */
  [Symbol.dispose](): void {
    for (const key of this.#known.keys()) this.#settle(key);
  }

  #watch(key: string, alert: Alert, trouble: Trouble): void {
    const timer = this.#deps.after(quietMs, () => {
      const { last, again } = this.#settle(key);
      if (again > 0) this.#watch(key, alert, last);
    });
    this.#known.set(key, { alert, last: trouble, again: 0, timer });
  }

  #settle(key: string): { readonly last: Trouble; readonly again: number } {
    const known = this.#known.get(key);
    if (known === undefined) throw new Error(`cannot settle the trouble ${key}: it is not known`);
    this.#known.delete(key);
    known.timer[Symbol.dispose]();
    if (known.again > 0) this.#tell(known.alert, known.last, known.again);
    return known;
  }

  #forgetOldest(): void {
    for (const [key] of this.#known) {
      this.#settle(key);
      return;
    }
  }

  #tell(alert: Alert, { reason, message, annotations }: Trouble, again: number): void {
    const text = again === 0 ? message : `${message} (${again} times in the last ${quietMs / 60_000} minutes)`;
    const { name, namespace } = alert.metadata;
    this.#deps.log.error({ Alert: { name, namespace }, name, namespace, reason }, text);
    this.#deps.recordEvent(alert, { type: 'Warning', reason, message: text, metadata: annotations });
  }
}
