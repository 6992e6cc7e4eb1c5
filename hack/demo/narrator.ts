/** Tells a person what happens: a numbered line a step, commands with their output, and progress while a step is long. */
export interface Narrator {
  /** Announces a step, runs it, and says how long it took when that was more than a second. */
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
  /** A sentence below a step. */
  say(text: string): void;
  /** Something that was printed elsewhere: a command's output, a file, an alert. */
  quote(text: string): void;
  /** A line that may be replaced by the next one on a terminal. */
  progress(text: string): void;
}

/** How long a step may be silent on a terminal, and in a log, in ms. */
const quietMs = { terminal: 1_000, log: 15_000 };

export interface NarratorOptions {
  readonly out: { write(text: string): unknown };
  /** Whether `out` is a terminal: colours, and progress that replaces itself. */
  readonly terminal: boolean;
  readonly now: () => number;
}

export function narrator(options: NarratorOptions): Narrator {
  const { out, terminal, now } = options;
  const paint = (code: number, text: string): string => (terminal ? `\x1b[${code}m${text}\x1b[0m` : text);
  let transient = false;
  let steps = 0;
  const line = (text: string): void => {
    out.write(`${transient ? '\r\x1b[K' : ''}${text}\n`);
    transient = false;
  };
  const progress = (text: string): void => {
    if (!terminal) {
      line(`   ${text}`);
      return;
    }
    out.write(`${transient ? '\r\x1b[K' : ''}   ${paint(2, text.slice(0, 110))}`);
    transient = true;
  };
  return {
    async step(title, work) {
      steps += 1;
      line('');
      line(`${paint(36, `${steps}.`)} ${paint(1, title)}`);
      const started = now();
      const seconds = (): string => `${((now() - started) / 1000).toFixed(1)} s`;
      const ticking = setInterval(
        () => progress(`… ${seconds().replace(/\.\d/, '')}`),
        terminal ? quietMs.terminal : quietMs.log,
      );
      try {
        const result = await work();
        if (now() - started > 1_000) line(paint(2, `   (${seconds()})`));
        return result;
      } finally {
        clearInterval(ticking);
        if (transient) out.write('\r\x1b[K');
        transient = false;
      }
    },
    say: (text) => line(`   ${text}`),
    quote: (text) => {
      for (const part of text.trimEnd().split('\n')) line(`     ${paint(2, part)}`);
    },
    progress,
  };
}
