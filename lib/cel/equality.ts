import { Buffer } from 'node:buffer';
import { type Budget, textCost } from './budget.ts';
import { CelDuration, CelList, CelMap, CelOptional, CelTimestamp, CelType, CelUint, type Value } from './value.ts';

/** The number behind int, uint and double; undefined for everything else. JavaScript compares the two kinds exactly. */
export function numeric(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof CelUint ? value.value : undefined;
}

/** CEL's `==`: numbers by value, values of different types are different, NaN is not itself. */
export function equal(a: Value, b: Value, budget: Budget): boolean {
  budget.spend(1);
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    return right !== undefined && left <= right && left >= right;
  }
  if (typeof a === 'string') {
    budget.spend(textCost(a.length));
    return a === b;
  }
  if (typeof a !== 'object' || a === null) return a === b;
  if (typeof b !== 'object' || b === null) return false;
  if (a instanceof CelList) return b instanceof CelList && equalItems(a.items, b.items, budget);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b, budget);
  return equalScalars(a, b, budget);
}

type Scalar = Exclude<Value & object, CelList | CelMap>;

function equalScalars(a: Scalar, b: Value & object, budget: Budget): boolean {
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.ns === b.ns;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.ns === b.ns;
  if (a instanceof CelType) return b instanceof CelType && a.name === b.name;
  if (a instanceof CelOptional) return b instanceof CelOptional && equalOptionals(a, b, budget);
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

function equalItems(a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  return a.length === b.length && a.every((item, i) => equal(item, b[i] ?? null, budget));
}

function equalMaps({ content: a }: CelMap, { content: b }: CelMap, budget: Budget): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const [x, y] = [a.get(key), b.get(key)];
    if (x === undefined || y === undefined || !equal(x, y, budget)) return false;
  }
  return true;
}

function equalOptionals({ value: a }: CelOptional, { value: b }: CelOptional, budget: Budget): boolean {
  return a === undefined || b === undefined ? a === b : equal(a, b, budget);
}

/** Below 0, 0 or above 0; NaN where neither is true; undefined where CEL has no order. */
export function compare(a: Value, b: Value): number | undefined {
  const [left, right] = [numeric(a), numeric(b)];
  if (left !== undefined && right !== undefined) {
    if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  // Go orders text by bytes; UTF-16 order differs from that beyond the basic plane.
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  if (a instanceof CelDuration && b instanceof CelDuration) return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  return undefined;
}
