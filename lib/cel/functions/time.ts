import { failure } from '../error.ts';
import { CelDuration, CelTimestamp, type Value } from '../value.ts';
import type { Implementation, Implementations } from './function.ts';
import { plainDouble } from './go-number.ts';

const second = 1_000_000_000n;
const minSeconds = -62_135_596_800n; // 0001-01-01T00:00:00Z
const maxSeconds = 253_402_300_799n; // 9999-12-31T23:59:59Z

/** @throws CelError outside of the years 1 to 9999 */
export function timestampOf(ns: bigint, offset = 0): CelTimestamp {
  const seconds = floorDivide(ns, second);
  if (seconds < minSeconds || seconds > maxSeconds) throw failure('timestamp overflow');
  return new CelTimestamp(ns, offset);
}

/** @throws CelError when it does not fit 64 bits of nanoseconds, about 292 years */
export function durationOf(ns: bigint): CelDuration {
  if (BigInt.asIntN(64, ns) !== ns) throw failure('integer overflow');
  return new CelDuration(ns);
}

export function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** Undefined: not RFC 3339. @throws CelError outside of the years 1 to 9999 */
export function parseTimestamp(text: string): CelTimestamp | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', sec = '', fraction = '', zone = ''] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${sec}Z`);
  // JavaScript reads the 30th of February as the 1st of March, and 24:00.
  if (Number.isNaN(ms) || new Date(ms).getUTCDate() !== Number(day) || hour === '24') return undefined;
  const offset = zone === 'Z' ? 0 : offsetMinutes(zone);
  if (offset === undefined) return undefined;
  const ns = BigInt(ms - offset * 60_000) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return timestampOf(ns, offset);
}

function offsetMinutes(zone: string): number | undefined {
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** RFC 3339 in the zone that it was written in, with as many digits of the second as there are. */
export function timestampText({ ns: utc, offsetMinutes: offset }: CelTimestamp): string {
  const ns = utc + BigInt(offset) * 60n * second;
  const seconds = floorDivide(ns, second);
  const fraction = String(ns - seconds * second)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}${zoneText(offset)}`;
}

function zoneText(offset: number): string {
  if (offset === 0) return 'Z';
  const digits = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60))}:${digits(minutes % 60)}`;
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: second,
  m: 60n * second,
  h: 3_600n * second,
};
const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;

/** Go's syntax, `1h30m` or `-1.5s`; undefined: it is none, or too long. */
export function parseDuration(text: string): CelDuration | undefined {
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return new CelDuration(0n);
  let total = 0n;
  let at = 0;
  while (at < body.length) {
    part.lastIndex = at;
    const [all = '', whole = '', fraction = '', unit = ''] = part.exec(body) ?? [];
    const size = units[unit];
    if (size === undefined || (whole === '' && fraction === '')) return undefined;
    const scale = 10n ** BigInt(Math.min(fraction.length, 18));
    total += BigInt(whole === '' ? 0 : whole) * size;
    total += (BigInt(fraction.slice(0, 18) === '' ? 0 : fraction.slice(0, 18)) * size) / scale;
    at += all.length;
  }
  const ns = text.startsWith('-') ? -total : total;
  return body === '' || BigInt.asIntN(64, ns) !== ns ? undefined : new CelDuration(ns);
}

/** Seconds, as `5400s` or `1.5s`. */
export function durationText({ ns }: CelDuration): string {
  return `${plainDouble(Number(ns / second) + Number(ns % second) / 1e9)}s`;
}

/** The wall clock of a place, as a moment of UTC. */
function wallClock({ ns }: CelTimestamp, zone: Value | undefined): Date | undefined {
  const ms = Number(floorDivide(ns, 1_000_000n));
  if (zone === undefined) return new Date(ms);
  if (typeof zone !== 'string') return undefined;
  const fixed = /^([+-]?)(\d+):(\d+)$/.exec(zone);
  if (fixed !== null) {
    const [, sign, hours, minutes] = fixed;
    return new Date(ms + (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000);
  }
  return zone === '' || zone === 'UTC' ? new Date(ms) : placeClock(ms, zone);
}

const formats = new Map<string, Intl.DateTimeFormat>();
const maxFormats = 100;

function placeClock(ms: number, timeZone: string): Date {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = zoneFormat(timeZone);
    if (formats.size >= maxFormats) formats.clear(); // the names come from users
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const clock = new Date(0);
  clock.setUTCFullYear(of('year'), of('month') - 1, of('day'));
  clock.setUTCHours(of('hour'), of('minute'), of('second'), ((ms % 1000) + 1000) % 1000);
  return clock;
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  const numeric = 'numeric';
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  } catch {
    throw failure(`unknown time zone ${timeZone}`);
  }
}

function onClock(read: (clock: Date) => number, ofSpan?: (ns: bigint) => bigint): Implementation {
  return ([value, zone]) => {
    if (value instanceof CelDuration) return zone === undefined ? ofSpan?.(value.ns) : undefined;
    const clock = value instanceof CelTimestamp ? wallClock(value, zone) : undefined;
    return clock === undefined ? undefined : BigInt(read(clock));
  };
}

function dayOfYear(clock: Date): number {
  const start = new Date(clock);
  start.setUTCMonth(0, 1);
  start.setUTCHours(0, 0, 0, 0);
  return Math.floor((clock.getTime() - start.getTime()) / 86_400_000);
}

/** Months, days of the month, year and week are counted from 0; `getDate` is the day of the month from 1. */
export const timeFunctions: Implementations = {
  getFullYear: onClock((clock) => clock.getUTCFullYear()),
  getMonth: onClock((clock) => clock.getUTCMonth()),
  getDayOfYear: onClock(dayOfYear),
  getDayOfMonth: onClock((clock) => clock.getUTCDate() - 1),
  getDate: onClock((clock) => clock.getUTCDate()),
  getDayOfWeek: onClock((clock) => clock.getUTCDay()),
  getHours: onClock(
    (clock) => clock.getUTCHours(),
    (ns) => ns / (3_600n * second),
  ),
  getMinutes: onClock(
    (clock) => clock.getUTCMinutes(),
    (ns) => ns / (60n * second),
  ),
  getSeconds: onClock(
    (clock) => clock.getUTCSeconds(),
    (ns) => ns / second,
  ),
  getMilliseconds: onClock(
    (clock) => clock.getUTCMilliseconds(),
    (ns) => ns / 1_000_000n,
  ),
};
