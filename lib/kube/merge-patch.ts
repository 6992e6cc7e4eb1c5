/**
 * The RFC 7386 merge patch that turns `from` into `to`; `undefined` when they are equal. Lists are replaced whole, a key
 * that is missing (or undefined) in `to` becomes `null`.
 */
export function mergePatch(from: unknown, to: unknown): unknown {
  if (!isMap(from) || !isMap(to)) return equalJson(from, to) ? undefined : withoutNulls(to);
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(from)) {
    if (to[key] === undefined && from[key] !== undefined) setOwn(patch, key, null);
  }
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    if (value === undefined || (value === null && before === undefined)) continue;
    const change = before === undefined ? withoutNulls(value) : mergePatch(before, value);
    if (change !== undefined) setOwn(patch, key, change);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Equality of JSON values: order of keys does not matter, a key with the value undefined is absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equalJson(item, b[index]));
  }
  if (!isMap(a) || !isMap(b)) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && !Object.hasOwn(a, key)) return false;
  for (const key of Object.keys(a)) {
    if (!equalJson(a[key], Object.hasOwn(b, key) ? b[key] : undefined)) return false;
  }
  return true;
}

/** A null inside a new map would be read as "remove": it says the same as an absent key. */
function withoutNulls(value: unknown): unknown {
  if (!isMap(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== null && item !== undefined) setOwn(result, key, withoutNulls(item));
  }
  return result;
}

/** Keys come from users: an assignment to `__proto__` would change the prototype instead. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
