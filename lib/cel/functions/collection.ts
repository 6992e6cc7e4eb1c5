import type { Budget } from '../budget.ts';
import { equal } from '../equality.ts';
import { failure } from '../error.ts';
import { CelDuration, CelList, CelMap, CelOptional, CelTimestamp, CelUint, type Value } from '../value.ts';
import type { Implementation, Implementations } from './function.ts';

function holdsAll(list: CelList, wanted: CelList, budget: Budget): boolean {
  return wanted.items.every((item) => list.items.some((other) => equal(item, other, budget)));
}

function onLists(operation: (a: CelList, b: CelList, budget: Budget) => boolean): Implementation {
  return ([a, b], budget) => (a instanceof CelList && b instanceof CelList ? operation(a, b, budget) : undefined);
}

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelList) return value.items.length === 0;
  if (value instanceof CelMap) return value.content.size === 0;
  if (value instanceof CelDuration || value instanceof CelTimestamp)
    return value instanceof CelDuration && value.ns === 0n;
  return value instanceof Uint8Array && value.length === 0;
}

const unwrap: Implementation = ([list]) => {
  if (!(list instanceof CelList)) return undefined;
  const optionals = list.items.filter((item) => item instanceof CelOptional);
  if (optionals.length !== list.items.length) return undefined;
  return new CelList(optionals.flatMap(({ value }) => (value === undefined ? [] : [value])));
};

const dereference: Implementation = ([optional]) => {
  if (!(optional instanceof CelOptional)) return undefined;
  if (optional.value === undefined) throw failure('optional.none() dereference');
  return optional.value;
};

/** Sets, which are lists here, and optional values. */
export const collectionFunctions: Implementations = {
  'sets.contains': onLists(holdsAll),
  'sets.equivalent': onLists((a, b, budget) => holdsAll(a, b, budget) && holdsAll(b, a, budget)),
  'sets.intersects': onLists((a, b, budget) =>
    a.items.some((item) => b.items.some((other) => equal(item, other, budget))),
  ),
  'optional.of': ([value]) => (value === undefined ? undefined : new CelOptional(value)),
  'optional.ofNonZeroValue': ([value = null]) => (isZero(value) ? CelOptional.none : new CelOptional(value)),
  'optional.none': () => CelOptional.none,
  'optional.unwrap': unwrap,
  unwrapOpt: unwrap,
  hasValue: ([optional]) => (optional instanceof CelOptional ? optional.value !== undefined : undefined),
  value: dereference,
  first: ([list]) => (list instanceof CelList ? new CelOptional(list.items[0]) : undefined),
  last: ([list]) => (list instanceof CelList ? new CelOptional(list.items.at(-1)) : undefined),
};
