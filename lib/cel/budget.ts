import { failure } from './error.ts';

/** What one evaluation may cost: about one for every call, step of a loop, compared element and hundred characters of text. */
export class Budget {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  /** @throws CelError once all is spent */
  spend(cost: number): void {
    this.#left -= cost;
    this.check();
  }

  /** Guards against `||` and `&&`, which pass over failures: this one counts whatever they made of it. */
  check(): void {
    if (this.#left < 0) throw failure('operation cancelled: actual cost limit exceeded');
  }
}

/** What it costs to read or write a text of this length. */
export function textCost(length: number): number {
  return 1 + Math.floor(length / 100);
}
