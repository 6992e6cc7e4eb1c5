import type { Budget } from './budget.ts';
import { CelError, failure } from './error.ts';
import { goDouble } from './functions/go-number.ts';
import { CelList, CelMap, CelOptional, CelUint, typeName, type Value } from './value.ts';

/** One evaluation: the variables given, those of loops by number, and what is left to spend. */
export interface Frame {
  readonly variable: (name: string) => Value | undefined;
  /** A loop keeps a failure as its intermediate result: a later item may make up for it. */
  readonly slots: (Value | CelError)[];
  readonly budget: Budget;
}

/** A compiled node. Failures are thrown. */
export type Run = (frame: Frame) => Value;

/** The list that a macro builds, item by item: nothing but the macro sees it before it is done. */
export class GrowingList extends CelList {
  readonly #items: Value[];

  constructor() {
    const items: Value[] = [];
    super(items);
    this.#items = items;
  }

  add(value: Value): this {
    this.#items.push(value);
    return this;
  }
}

export function noOverload(name: string): CelError {
  return failure(`no such overload: ${name}`);
}

export function noSuchKey(key: Value): CelError {
  return failure(`no such key: ${keyText(key)}`);
}

/** Whether anything can be found by it. */
export function isKey(key: Value): boolean {
  return typeof key !== 'object' || key instanceof CelUint;
}

function keyText(key: Value): string {
  if (typeof key === 'number') return goDouble(key);
  if (key instanceof CelUint) return String(key.value);
  return typeof key === 'object' ? '<value>' : String(key);
}

/** The value or, if it failed, why; what is thrown beside failures of CEL is a bug and goes on. */
export function attempt(run: Run, frame: Frame): Value | CelError {
  try {
    return run(frame);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    frame.budget.check();
    return error;
  }
}

/** `container[key]` and `container.key`; undefined: it is not there. @throws CelError where it can never be */
export function find(container: Value, key: Value): Value | undefined {
  if (container instanceof CelMap) return container.content.get(key);
  if (container instanceof CelList) return container.items[listIndex(key)];
  return undefined;
}

function listIndex(key: Value): number {
  const index = key instanceof CelUint ? Number(key.value) : key;
  if (typeof index === 'bigint') return Number(index);
  if (typeof index === 'number' && Number.isInteger(index)) return index;
  if (typeof index === 'number') throw failure(`unsupported index value ${index} in list`);
  throw failure(`unsupported index type '${typeName(key)}' in list`);
}

/** @throws CelError when it is not there */
export function select(container: Value, key: Value): Value {
  if (container instanceof CelOptional) return optionalSelect(container, key);
  const found = find(container, key);
  if (found !== undefined) return found;
  throw container instanceof CelList ? failure(`index out of bounds: ${keyText(key)}`) : noSuchKey(key);
}

/** `container.?key` and `container[?key]`. */
export function optionalSelect(container: Value, key: Value): CelOptional {
  if (!isKey(key)) throw failure(`invalid qualifier type: ${typeName(key)}`);
  const content = container instanceof CelOptional ? container.value : container;
  const found = content === undefined ? undefined : find(content, key);
  return found === undefined ? CelOptional.none : new CelOptional(found);
}

/** `has(container.field)`. */
export function isPresent(container: Value, field: string): boolean {
  const content = container instanceof CelOptional ? container.value : container;
  return content !== undefined && find(content, field) !== undefined;
}
