/**
 * Go's durations, which the API speaks: in specs (`interval: 1h30m`), in status (`lastReconciledDuration`) and in messages.
 * The grammar and the printed form are those of Go's `time.ParseDuration` and `Duration.String`.
 */
const nanosecondsPer: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n, // micro sign
  '\u03bcs': 1_000n, // Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const maxNanoseconds = 2n ** 63n - 1n;

/**
 * Milliseconds of a Go duration; fractions of a millisecond are kept.
 * @throws TypeError with Go's own words, such as `time: missing unit in duration "5"`
 */
export function parseGoDuration(text: string): number {
  return Number(parseGoDurationNs(text)) / 1e6;
}

/**
 * Nanoseconds of a Go duration, exactly as Go computes them.
 * @throws TypeError as parseGoDuration does
 */
export function parseGoDurationNs(text: string): bigint {
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return 0n;
  const invalid = (): TypeError => new TypeError(`time: invalid duration "${text}"`);
  if (unsigned === '') throw invalid();
  let total = 0n;
  let rest = unsigned;
  while (rest !== '') {
    const [whole, digits = '', fraction] = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest)?.slice(0, 3) ?? [''];
    if (digits === '' && (fraction ?? '') === '') throw invalid();
    rest = rest.slice(whole?.length);
    const unit = /^[^0-9.]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw new TypeError(`time: missing unit in duration "${text}"`);
    const factor = Object.hasOwn(nanosecondsPer, unit) ? nanosecondsPer[unit] : undefined;
    if (factor === undefined) throw new TypeError(`time: unknown unit "${unit}" in duration "${text}"`);
    rest = rest.slice(unit.length);
    total += BigInt(digits === '' ? 0 : digits) * factor + fractionOf(fraction ?? '', factor);
    // Go's smallest value has no positive counterpart; only a minus sign makes it legal.
    if (total > maxNanoseconds + 1n) throw invalid();
  }
  const negative = text.startsWith('-');
  if (!negative && total > maxNanoseconds) throw invalid();
  return negative ? -total : total;
}

/** Go multiplies the fraction as a float and truncates; digits past 63 bits are ignored. */
function fractionOf(digits: string, factor: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (next > maxNanoseconds) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(factor) / scale)));
}

/** `1m30s`, `300ms`, `1.234567s`, `0s`: how Go prints a duration. @param ms milliseconds; rounded to whole nanoseconds */
export function formatGoDuration(ms: number): string {
  return formatGoDurationNs(BigInt(Math.round(ms * 1e6)));
}

/** @param ns nanoseconds */
export function formatGoDurationNs(ns: bigint): string {
  if (ns === 0n) return '0s';
  if (ns < 0n) return `-${formatGoDurationNs(-ns)}`;
  if (ns < 1_000n) return `${ns}ns`;
  if (ns < 1_000_000n) return `${decimal(ns, 1_000n)}\u00b5s`;
  if (ns < 1_000_000_000n) return `${decimal(ns, 1_000_000n)}ms`;
  const minutes = ns / 60_000_000_000n;
  const seconds = `${decimal(ns % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return seconds;
  if (minutes < 60n) return `${minutes}m${seconds}`;
  return `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, unit: bigint): string {
  const width = String(unit).length - 1;
  const fraction = String(value % unit)
    .padStart(width, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`;
}
