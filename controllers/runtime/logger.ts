import { type Logger, pino, stdTimeFunctions } from 'pino';

export interface LoggerOptions {
  /** trace, debug, info or error. */
  readonly level: string;
  readonly encoding: string;
}

/** Longest line that `flux logs` still reads (spec C2, trap 39), with room for the other keys. */
const maxValueLength = 48 * 1024;

/** JSON lines with the keys that `flux logs` and log pipelines of Flux users read (spec B5). */
export function createLogger(options: LoggerOptions, destination: NodeJS.WritableStream = process.stdout): Logger {
  const pinoOptions = {
    level: options.level,
    base: null,
    messageKey: 'msg',
    timestamp: (): string => `,"ts":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string): { level: string } => ({ level: label === 'warn' || label === 'fatal' ? 'error' : label }),
      log: shorten,
    },
    serializers: { error: errorText },
  };
  if (options.encoding !== 'console') return pino(pinoOptions, destination);
  return pino({ ...pinoOptions, timestamp: stdTimeFunctions.isoTime }, consoleDestination(destination));
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shorten(record: Record<string, unknown>): Record<string, unknown> {
  const tooLong = Object.entries(record).filter(
    ([, value]) => typeof value === 'object' && value !== null && !(value instanceof Error),
  );
  if (tooLong.length === 0) return record;
  const changed: Record<string, unknown> = { ...record };
  for (const [key, value] of tooLong) {
    const text = JSON.stringify(value);
    if (text.length > maxValueLength) changed[key] = `${text.slice(0, maxValueLength)}…`;
  }
  return changed;
}

/** One tab-separated line per record, for people: `time level message {rest}`. */
function consoleDestination(destination: NodeJS.WritableStream): { write(line: string): void } {
  return {
    write(line: string): void {
      const { level, msg, time, ...rest } = JSON.parse(line) as Record<string, unknown>; // pino wrote it
      const extra = Object.keys(rest).length > 0 ? `\t${JSON.stringify(rest)}` : '';
      destination.write(`${String(time)}\t${String(level).toUpperCase()}\t${String(msg)}${extra}\n`);
    },
  };
}
