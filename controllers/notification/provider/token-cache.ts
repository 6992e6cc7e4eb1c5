export interface AccessToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A token is used until this long before it expires, in milliseconds: clocks differ, and a delivery takes its time. */
const marginMs = 60_000;
const maxEntries = 1000;

/** Access tokens that were given for longer-lived credentials. */
export class TokenCache {
  readonly #entries = new Map<string, AccessToken>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param key tells credentials apart; it need not be readable
   * @param exchange called when no token is at hand
   */
  async get(key: string, exchange: () => Promise<AccessToken>): Promise<string> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.expiresAt - marginMs > this.#now()) return known.token;
    this.#entries.delete(key);
    const fresh = await exchange();
    const oldest = this.#entries.size >= maxEntries ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, fresh);
    return fresh.token;
  }

  /** For a token that its service refused. */
  forget(key: string): void {
    this.#entries.delete(key);
  }
}
