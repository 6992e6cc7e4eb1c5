declare global {
  interface JSON {
    /** ES2026: a value that `stringify` prints as it is. */
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/** A JSON object, as the API speaks it. */
export type JsonObject = { readonly [key: string]: unknown };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** A JSON object of our own that may be changed. */
export type Mutable = { [key: string]: unknown };

export function isMutable(value: unknown): value is Mutable {
  return isJsonObject(value);
}

/**
 * A deep copy that JSON can print. `dropNull` leaves out map entries whose value is null, which typed clients do not send.
 * Integers beyond 2^53 come as bigint and are sent digit by digit.
 */
export function copyJson(value: unknown, dropNull: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => copyJson(item, dropNull));
  if (typeof value === 'bigint') return JSON.rawJSON(value.toString());
  if (!isJsonObject(value)) return value;
  const kept = dropNull ? Object.entries(value).filter(([, item]) => item !== null) : Object.entries(value);
  return Object.fromEntries(kept.map(([key, item]) => [key, copyJson(item, dropNull)])); // a key may be `__proto__`
}

/** The value at a path of keys, or undefined. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isJsonObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}
