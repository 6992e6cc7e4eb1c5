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

/** How long a step may be silent in a log, in ms; a terminal shows every second that passes. */
const quietLogMs = 15_000;

export interface NarratorOptions {
  readonly out: { write(text: string): unknown };
  /** Whether `out` is a terminal: colours, and progress that replaces itself. */
  readonly terminal: boolean;
  readonly now: () => number;
}

export function narrator({ out, terminal, now }: NarratorOptions): Narrator {
  const paint = (code: number, text: string): string => (terminal ? `\x1b[${code}m${text}\x1b[0m` : text);
  let steps = 0;
  let transient = false;
  let lastProgress = '';
  let lastWrite = now();
  const write = (text: string): void => {
    out.write(`${transient ? '\r\x1b[K' : ''}${text}`);
    transient = false;
    lastWrite = now();
  };
  const line = (text: string): void => write(`${text}\n`);
  const showProgress = (text: string): void => {
    if (!terminal) {
      line(`   ${text}`);
      return;
    }
    write(`   ${paint(2, text.slice(0, 110))}`);
    transient = true;
  };
  const seconds = (since: number): string => `${((now() - since) / 1000).toFixed(1)} s`;
  const tick = (started: number): void => {
    if (terminal || now() - lastWrite >= quietLogMs) {
      showProgress(`${lastProgress} … ${Math.round((now() - started) / 1000)} s`.trimStart());
    }
  };
  return {
    async step(title, work) {
      steps += 1;
      lastProgress = '';
      line(`\n${paint(36, `${steps}.`)} ${paint(1, title)}`);
      const started = now();
      const ticking = setInterval(tick, 1_000, started);
      try {
        const result = await work();
        if (now() - started > 1_000) line(paint(2, `   (${seconds(started)})`));
        return result;
      } finally {
        clearInterval(ticking);
        if (transient) write('');
      }
    },
    say: (text) => line(`   ${text}`),
    quote: (text) => {
      for (const part of text.trimEnd().split('\n')) line(`     ${paint(2, part)}`);
    },
    progress(text) {
      lastProgress = text.replace(/ … \d+ s$/, '');
      showProgress(text);
    },
  };
}
