import { isMutable } from './json.ts';

/** Keys and indices from the root of an object to a field in it. */
export type FieldPath = readonly string[];

/**
 * Reads an RFC 6901 pointer.
 * @throws TypeError when it does not start with a slash, or names the whole object
 */
export function parsePointer(pointer: string): FieldPath {
  if (!pointer.startsWith('/')) {
    throw new TypeError(`cannot read JSON pointer "${pointer}": expected it to start with "/"`);
  }
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function valueAt(root: unknown, path: FieldPath): unknown {
  return path.reduce(child, root);
}

/** Takes the field away, in place. Items of lists stay where they are unless they are the field themselves. */
export function removeAt(root: unknown, path: FieldPath): void {
  const parent = valueAt(root, path.slice(0, -1));
  const key = path.at(-1) ?? '';
  if (Array.isArray(parent)) {
    if (isIndex(key) && Number(key) < parent.length) parent.splice(Number(key), 1);
  } else if (isMutable(parent)) delete parent[key];
}

/** Gives the field another value, in place, where it is there. */
export function replaceAt(root: unknown, path: FieldPath, value: unknown): void {
  const parent = valueAt(root, path.slice(0, -1));
  const key = path.at(-1) ?? '';
  if (Array.isArray(parent)) {
    if (isIndex(key) && Number(key) < parent.length) parent[Number(key)] = value;
  } else if (isMutable(parent) && Object.hasOwn(parent, key)) parent[key] = value;
}

function child(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return isIndex(key) ? value[Number(key)] : undefined;
  return isMutable(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isIndex(key: string): boolean {
  return /^(0|[1-9][0-9]*)$/.test(key);
}
