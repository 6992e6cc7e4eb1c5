/** What decides which events are the same, alike, or too many. */
export interface EventFacts {
  /** Who tells it: component and host. */
  readonly source: string;
  /** apiVersion, kind, namespace, name and uid of the object. */
  readonly object: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** One event, however often it happens. */
export interface EventRecord<Written> {
  count: number;
  readonly firstTimestamp: string;
  /** What the API server has of it, once the caller has written it. */
  written: Written | undefined;
}

export type Correlation<Written> =
  | { readonly kind: 'drop' }
  | { readonly kind: 'write'; readonly message: string; readonly count: number; readonly record: EventRecord<Written> };

const combinedPrefix = '(combined from similar events): ';
/** From this many different messages within the window on, events that differ in the message only are one. */
const mostAlike = 10;
const alikeWindowMs = 10 * 60_000;
const burst = 25;
const refillMs = 5 * 60_000;
/** Most entries of each memory; the ones unused for longest go first. */
const remembered = 4096;

/**
 * Keeps Kubernetes events few, by the rules of client-go: what happens again is counted, what is alike is combined, and a
 * chatty object falls silent. `Written` is what the caller wants to find again for a repeated event.
 */
export class EventCorrelator<Written> {
  readonly #alike = new Lru<{ messages: Set<string>; at: number }>(remembered);
  readonly #seen = new Lru<EventRecord<Written>>(remembered);
  readonly #buckets = new Lru<{ tokens: number; at: number }>(remembered);

  correlate(facts: EventFacts, now: Date): Correlation<Written> {
    const group = JSON.stringify([facts.source, facts.object, facts.type, facts.reason]);
    const isCombined = this.#isOneOfMany(group, facts.message, now.getTime());
    const message = isCombined ? combinedPrefix + facts.message : facts.message;
    const key = isCombined ? group : JSON.stringify([group, facts.message]);
    const record = this.#seen.get(key) ?? { count: 0, firstTimestamp: secondsOf(now), written: undefined };
    record.count += 1;
    this.#seen.set(key, record);
    if (!this.#takeToken(JSON.stringify([facts.source, facts.object]), now.getTime())) return { kind: 'drop' };
    return { kind: 'write', message, count: record.count, record };
  }

  #isOneOfMany(group: string, message: string, nowMs: number): boolean {
    const known = this.#alike.get(group);
    const entry =
      known === undefined || nowMs - known.at > alikeWindowMs ? { messages: new Set<string>(), at: nowMs } : known;
    entry.messages.add(message);
    entry.at = nowMs;
    this.#alike.set(group, entry);
    if (entry.messages.size < mostAlike) return false;
    const [oldest] = entry.messages;
    if (oldest !== undefined) entry.messages.delete(oldest);
    return true;
  }

  #takeToken(key: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: nowMs };
    const tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.at) / refillMs);
    const taken = tokens >= 1;
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: nowMs });
    return taken;
  }
}

/** RFC 3339 with whole seconds, as metav1.Time. */
export function secondsOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** A Map that forgets what was unused for longest. */
class Lru<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
