/**
 * What an expression works on. `int` is a bigint, `double` a number: the two differ in CEL (`1 / 2` is 0), and the integers
 * of a Kubernetes object are ints.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelTimestamp
  | CelDuration
  | CelType
  | CelOptional
  | CelList
  | CelMap;

export class CelUint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time. */
export class CelTimestamp {
  /** Nanoseconds since 1970. */
  readonly ns: bigint;
  /** Of the zone that it was written in, and is printed in; everything else goes by UTC. */
  readonly offsetMinutes: number;

  constructor(ns: bigint, offsetMinutes = 0) {
    this.ns = ns;
    this.offsetMinutes = offsetMinutes;
  }
}

export class CelDuration {
  readonly ns: bigint;

  constructor(ns: bigint) {
    this.ns = ns;
  }
}

/** A type as a value: what `type(x)` gives. */
export class CelType {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export class CelOptional {
  static readonly none: CelOptional = new CelOptional(undefined);
  /** Undefined: there is none. */
  readonly value: Value | undefined;

  constructor(value: Value | undefined) {
    this.value = value;
  }
}

export class CelList {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** An entry of key `1` is found by `1u` and `1.0`, one of key `1.0` only by `1.0`. */
export interface CelMapContent {
  readonly size: number;
  get(key: Value): Value | undefined;
  keys(): Iterable<Value>;
}

export class CelMap {
  readonly content: CelMapContent;

  constructor(content: CelMapContent) {
    this.content = content;
  }

  static of(entries: readonly (readonly [Value, Value])[]): CelMap {
    return new CelMap(new Entries(entries));
  }
}

class Entries implements CelMapContent {
  readonly #entries = new Map<unknown, readonly [Value, Value]>();

  constructor(entries: readonly (readonly [Value, Value])[]) {
    for (const [key, value] of entries) this.#entries.set(lookupKey(key), [key, value]);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    const entry = this.#entries.get(lookupKey(key));
    if (entry !== undefined || typeof key !== 'number' || !Number.isInteger(key)) return entry?.[1];
    return this.#entries.get(BigInt(key))?.[1];
  }

  *keys(): Iterable<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/** Equal for keys that CEL calls equal; keys that are neither text, number nor bool are only equal to themselves. */
function lookupKey(key: Value): unknown {
  return key instanceof CelUint ? key.value : key;
}

/** How the numbers of JSON are read. Kubernetes reads integers as `int`; Go's own decoder makes every number a `double`. */
export type NumberRule = 'integersAreInt' | 'allDouble';

/** A JSON value; objects are converted where an expression looks at them. */
export function fromJson(value: unknown, numbers: NumberRule): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'number':
      return numbers === 'integersAreInt' && Number.isSafeInteger(value) ? BigInt(value) : value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return new CelList(value.map((item: unknown) => fromJson(item, numbers)));
      return new CelMap(new JsonObject(value, numbers));
    default:
      return null;
  }
}

class JsonObject implements CelMapContent {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #seen = new Map<string, Value>();
  readonly #numbers: NumberRule;

  constructor(object: object, numbers: NumberRule) {
    this.#fields = new Map<string, unknown>(Object.entries(object).filter(([, value]) => value !== undefined));
    this.#numbers = numbers;
  }

  get size(): number {
    return this.#fields.size;
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !this.#fields.has(key)) return undefined;
    let value = this.#seen.get(key);
    if (value === undefined) this.#seen.set(key, (value = fromJson(this.#fields.get(key), this.#numbers)));
    return value;
  }

  keys(): Iterable<Value> {
    return this.#fields.keys();
  }
}

/** CEL's name of the type of a value. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<Value, boolean | bigint | number | string>): string {
  if (value === null) return 'null_type';
  if (value instanceof CelMap) return 'map';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelUint) return 'uint';
  if (value instanceof CelTimestamp) return 'google.protobuf.Timestamp';
  if (value instanceof CelDuration) return 'google.protobuf.Duration';
  if (value instanceof CelType) return 'type';
  return value instanceof CelOptional ? 'optional_type' : 'bytes';
}
