/** Shorter texts stand in every message by chance. */
const shortest = 4;
/** More are not remembered: a message quotes a line or a value, and of a file that long hardly the last. */
const most = 10_000;

const stars = '*****';

/** Texts that a message must not quote: the engine's words about a bad line of a file quote the line. */
export class SecretTexts {
  readonly #texts = new Set<string>();

  /** Adds a value, its lines (it may be a whole file), and what stands behind the key of each. */
  add(value: string): void {
    this.#remember(value);
    for (const line of value.split(/\r?\n/)) {
      const whole = line.trim();
      const behind = /^[^=:]*[=:]\s*(.*)$/s.exec(whole)?.[1] ?? '';
      this.#remember(whole);
      this.#remember(behind);
      this.#remember(unquoted(behind));
    }
  }

  #remember(text: string): void {
    if (text.length >= shortest && this.#texts.size < most) this.#texts.add(text);
  }

  mask(message: string): string {
    const found = [...this.#texts].filter((text) => message.includes(text));
    return found
      .toSorted((a, b) => b.length - a.length)
      .reduce((masked, text) => masked.replaceAll(text, stars), message);
  }
}

function unquoted(value: string): string {
  return value.replace(/^["'](.*)["'],?$/s, '$1');
}
