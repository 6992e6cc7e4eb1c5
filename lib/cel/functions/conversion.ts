import { Buffer } from 'node:buffer';
import { textCost } from '../budget.ts';
import { numeric } from '../equality.ts';
import { failure } from '../error.ts';
import { CelDuration, CelList, CelMap, CelTimestamp, CelType, CelUint, typeName, type Value } from '../value.ts';
import { intOf, uintOf } from './arithmetic.ts';
import type { Implementation, Implementations } from './function.ts';
import { goDouble } from './go-number.ts';
import { durationText, floorDivide, parseDuration, parseTimestamp, timestampOf, timestampText } from './time.ts';

function wrong(value: Value, type: string): Error {
  return failure(`type conversion error from '${typeName(value)}' to '${type}'`);
}

/** The number of characters, as Go counts them. */
export function textSize(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xdc_00 && unit <= 0xdf_ff) size -= 1;
  }
  return size;
}

const size: Implementation = ([value], budget) => {
  if (typeof value === 'string') {
    budget.spend(textCost(value.length));
    return BigInt(textSize(value));
  }
  if (value instanceof CelList) return BigInt(value.items.length);
  if (value instanceof CelMap) return BigInt(value.content.size);
  return value instanceof Uint8Array ? BigInt(value.length) : undefined;
};

const toInt: Implementation = ([value]) => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    // The bounds themselves are refused: a double cannot tell them from what lies beyond.
    if (!(value > -(2 ** 63) && value < 2 ** 63)) throw failure('integer overflow');
    return BigInt(Math.trunc(value));
  }
  if (typeof value === 'string') {
    if (!/^[+-]?\d+$/.test(value) || value.length > 400) throw wrong(value, 'int');
    const parsed = BigInt(value.replace('+', ''));
    if (BigInt.asIntN(64, parsed) !== parsed) throw wrong(value, 'int');
    return parsed;
  }
  if (value instanceof CelUint) return intOf(value.value);
  if (value instanceof CelTimestamp) return floorDivide(value.ns, 1_000_000_000n);
  return value instanceof CelDuration ? value.ns : undefined;
};

const toUint: Implementation = ([value]) => {
  if (value instanceof CelUint) return value;
  if (typeof value === 'bigint') return uintOf(value);
  if (typeof value === 'number') {
    if (!(value >= 0 && value < 2 ** 64)) throw failure('unsigned integer overflow');
    return uintOf(BigInt(Math.trunc(value)));
  }
  if (typeof value !== 'string') return undefined;
  if (!/^\d+$/.test(value) || value.length > 400 || BigInt.asUintN(64, BigInt(value)) !== BigInt(value))
    throw wrong(value, 'uint');
  return uintOf(BigInt(value));
};

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const infinite = /^([+-]?)inf(?:inity)?$/i;

const toDouble: Implementation = ([value]) => {
  if (typeof value !== 'string') {
    const number = numeric(value ?? null);
    return number === undefined ? undefined : Number(number);
  }
  const infinity = infinite.exec(value);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(value)) return Number.NaN;
  const parsed = decimal.test(value) ? Number(value) : Infinity;
  if (!Number.isFinite(parsed)) throw wrong(value, 'double');
  return parsed;
};

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

const toBool: Implementation = ([value]) => {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const truth = truths.get(value);
  if (truth === undefined) throw wrong(value, 'bool');
  return truth;
};

const toText: Implementation = ([value], budget) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return goDouble(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (!(value instanceof Uint8Array)) return undefined;
  budget.spend(textCost(value.length));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw failure('invalid UTF-8 in bytes, cannot convert to string');
  }
};

const toBytes: Implementation = ([value], budget) => {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') return undefined;
  budget.spend(textCost(value.length));
  return new Uint8Array(Buffer.from(value));
};

const toTimestamp: Implementation = ([value]) => {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === 'bigint') return timestampOf(value * 1_000_000_000n);
  if (typeof value !== 'string') return undefined;
  const parsed = parseTimestamp(value);
  if (parsed === undefined) throw wrong(value, 'google.protobuf.Timestamp');
  return parsed;
};

const toDuration: Implementation = ([value]) => {
  if (value instanceof CelDuration) return value;
  if (typeof value === 'bigint') throw wrong(value, 'google.protobuf.Duration');
  if (typeof value !== 'string') return undefined;
  const parsed = parseDuration(value);
  if (parsed === undefined) throw wrong(value, 'google.protobuf.Duration');
  return parsed;
};

/** Conversions with one argument: of a constant they are done, and refused, when the expression is compiled. */
export const conversions: Implementations = {
  bool: toBool,
  bytes: toBytes,
  double: toDouble,
  duration: toDuration,
  int: toInt,
  string: toText,
  timestamp: toTimestamp,
  uint: toUint,
};

export const inspections: Implementations = {
  size,
  dyn: ([value]) => value,
  type: ([value = null]) => new CelType(typeName(value)),
};
