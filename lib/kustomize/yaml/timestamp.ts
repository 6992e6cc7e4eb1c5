/** A moment with the offset it was written in, as Go's time.Time keeps it. */
export interface Timestamp {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 to 9 digits, trailing zeros removed. */
  readonly fraction: string;
  /** Minutes east of UTC. */
  readonly offset: number;
}

const DATE = /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$/;
const TIME =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:([Tt ]))([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?(?:(Z)|([-+])([0-9]{2}):([0-9]{2}))?$/;

/**
 * The four forms that go-yaml knows: `2001-12-14`, `2001-12-14T21:59:43.1Z` (or `t`, or an offset) and
 * `2001-12-14 21:59:43.1` without a zone. Fields but the year may have one digit.
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  if (text.length < 8 || text.charCodeAt(4) !== 45) return undefined;
  const date = DATE.exec(text);
  if (date !== null) return checked(date[1], date[2], date[3], '0', '0', '0', '', 0);
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, separator, hour, minute, second, fraction = '', utc, sign, zoneHour, zoneMinute] = match;
  const zoned = utc !== undefined || sign !== undefined;
  if (zoned === (separator === ' ')) return undefined;
  const offset = Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0);
  if (Number(zoneHour ?? 0) > 24 || Number(zoneMinute ?? 0) > 60) return undefined;
  return checked(year, month, day, hour, minute, second, fraction, sign === '-' ? -offset : offset);
}

function checked(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string,
  offset: number,
): Timestamp | undefined {
  const time: Timestamp = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    fraction: fraction.slice(0, 9).replace(/0+$/, ''),
    offset,
  };
  if (time.month < 1 || time.month > 12 || time.day < 1 || time.day > daysIn(time.month, time.year)) return undefined;
  if (time.hour > 23 || time.minute > 59 || time.second > 59) return undefined;
  return time;
}

function daysIn(month: number, year: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** RFC 3339 with nanoseconds, as Go marshals a time. */
export function formatTimestamp(time: Timestamp): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${String(time.year).padStart(4, '0')}-${two(time.month)}-${two(time.day)}`;
  const clock = `${two(time.hour)}:${two(time.minute)}:${two(time.second)}${time.fraction === '' ? '' : `.${time.fraction}`}`;
  if (time.offset === 0) return `${date}T${clock}Z`;
  const minutes = Math.abs(time.offset);
  return `${date}T${clock}${time.offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
