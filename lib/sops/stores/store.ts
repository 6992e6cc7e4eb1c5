import { isUtf8 } from 'node:buffer';
import { SopsError } from '../error.ts';
import { type Branch, Timestamp, type Value } from '../tree.ts';

/** Reads and writes one format. A document is a list of branches because YAML files may hold several. */
export interface Store {
  /** @throws SopsError 'malformed' */
  read(content: Uint8Array): readonly Branch[];
  /** @throws SopsError 'unprintable' */
  print(branches: readonly Branch[]): Uint8Array;
}

/** @throws SopsError 'malformed' for what is no UTF-8 */
export function decodeUtf8(content: Uint8Array): string {
  if (!isUtf8(content)) throw new SopsError('malformed', 'it is no UTF-8 text');
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8');
}

/** A value in a format that has texts only; lists and mappings are the caller's matter. */
export function scalarBytes(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof Timestamp) return Buffer.from(value.text.replace(/\.[0-9]+/, ''));
  if (typeof value === 'number') return Buffer.from(floatText(value));
  return Buffer.from(value === null ? '<nil>' : String(value));
}

/** Go's shortest `%G`, with a decimal place so that it stays a float. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 6) {
    return `${sign}${mantissa}E${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  const text = sign + String(Math.abs(value));
  return text.includes('.') ? text : `${text}.0`;
}
