import { textCost } from '../budget.ts';
import { compare, equal } from '../equality.ts';
import { failure } from '../error.ts';
import { CelDuration, CelList, CelMap, CelTimestamp, CelUint, type Value } from '../value.ts';
import type { Implementation, Implementations } from './function.ts';
import { durationOf, timestampOf } from './time.ts';

const minInt = -(2n ** 63n);
const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;

/** @throws CelError when the number does not fit 64 bits */
export function intOf(value: bigint): bigint {
  if (value < minInt || value > maxInt) throw failure('integer overflow');
  return value;
}

export function uintOf(value: bigint): CelUint {
  if (value < 0n || value > maxUint) throw failure('unsigned integer overflow');
  return new CelUint(value);
}

type OnIntegers = (a: bigint, b: bigint) => bigint;

function numbers(
  a: Value | undefined,
  b: Value | undefined,
  onIntegers: OnIntegers,
  onDoubles?: (a: number, b: number) => number,
) {
  if (typeof a === 'bigint' && typeof b === 'bigint') return intOf(onIntegers(a, b));
  if (a instanceof CelUint && b instanceof CelUint) return uintOf(onIntegers(a.value, b.value));
  return typeof a === 'number' && typeof b === 'number' ? onDoubles?.(a, b) : undefined;
}

function byNonZero(operation: OnIntegers, message: string): OnIntegers {
  return (a, b) => {
    if (b === 0n) throw failure(message);
    return operation(a, b);
  };
}

const divide = byNonZero((a, b) => a / b, 'division by zero');
const modulo = byNonZero((a, b) => {
  // The remainder is 0, but Go refuses the pair, as it does for the quotient.
  if (a === minInt && b === -1n) throw failure('integer overflow');
  return a % b;
}, 'modulus by zero');

const add: Implementation = ([a, b], budget) => {
  if (typeof a === 'string' && typeof b === 'string') {
    budget.spend(textCost(a.length + b.length));
    return a + b;
  }
  if (a instanceof CelList && b instanceof CelList) {
    budget.spend(a.items.length + b.items.length);
    return new CelList([...a.items, ...b.items]);
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    budget.spend(textCost(a.length + b.length));
    return new Uint8Array([...a, ...b]);
  }
  if (a instanceof CelDuration && b instanceof CelDuration) return durationOf(a.ns + b.ns);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return timestampOf(a.ns + b.ns, a.offsetMinutes);
  if (a instanceof CelDuration && b instanceof CelTimestamp) return timestampOf(a.ns + b.ns, b.offsetMinutes);
  return numbers(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );
};

const subtract: Implementation = ([a, b]) => {
  if (a instanceof CelDuration && b instanceof CelDuration) return durationOf(a.ns - b.ns);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return durationOf(a.ns - b.ns);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return timestampOf(a.ns - b.ns, a.offsetMinutes);
  return numbers(
    a,
    b,
    (x, y) => x - y,
    (x, y) => x - y,
  );
};

function ordered(holds: (order: number) => boolean): Implementation {
  return ([a = null, b = null], budget) => {
    if (typeof a === 'string') budget.spend(textCost(a.length));
    const order = compare(a, b);
    return order === undefined ? undefined : holds(order);
  };
}

const isIn: Implementation = ([item = null, container], budget) => {
  if (container instanceof CelList) return container.items.some((other) => equal(item, other, budget));
  return container instanceof CelMap ? container.content.get(item) !== undefined : undefined;
};

export const arithmetic: Implementations = {
  '_+_': add,
  '_-_': subtract,
  '_*_': ([a, b]) =>
    numbers(
      a,
      b,
      (x, y) => x * y,
      (x, y) => x * y,
    ),
  '_/_': ([a, b]) => numbers(a, b, divide, (x, y) => x / y),
  '_%_': ([a, b]) => numbers(a, b, modulo),
  '-_': ([a]) => {
    if (a instanceof CelDuration) return durationOf(-a.ns);
    return typeof a === 'bigint' ? intOf(-a) : typeof a === 'number' ? -a : undefined;
  },
  '!_': ([a]) => (typeof a === 'boolean' ? !a : undefined),
  '_==_': ([a = null, b = null], budget) => equal(a, b, budget),
  '_!=_': ([a = null, b = null], budget) => !equal(a, b, budget),
  '_<_': ordered((order) => order < 0),
  '_<=_': ordered((order) => order <= 0),
  '_>_': ordered((order) => order > 0),
  '_>=_': ordered((order) => order >= 0),
  '@in': isIn,
};
