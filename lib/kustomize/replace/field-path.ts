import { KustomizeError } from '../error.ts';

/**
 * Splits at dots, but for `\\.` and inside brackets: `a.[k=x.y].b\\.c` → a, [k=x.y], b.c. Brackets without `=` only hold a
 * name with dots together and go: `a.[b.c/d]` → a, b.c/d. A leading dot is allowed.
 */
export function splitReplacementPath(path: string): string[] {
  const parts: string[] = [];
  let open: string | undefined;
  for (const part of splitAtDots(path)) {
    if (open === undefined && (!part.startsWith('[') || part.endsWith(']'))) {
      parts.push(part);
      continue;
    }
    open = open === undefined ? part : `${open}.${part}`;
    if (!part.endsWith(']')) continue;
    parts.push(closed(open));
    open = undefined;
  }
  if (open !== undefined) parts.push(closed(open));
  if (parts[0] === '') parts.shift();
  return parts;
}

const closed = (part: string): string => (part.includes('=') ? part : part.replace(/^\[/, '').replace(/\]$/, ''));

function splitAtDots(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('.')) {
    const last = parts.at(-1);
    if (last?.endsWith('\\')) parts[parts.length - 1] = `${last.slice(0, -1)}.${part}`;
    else parts.push(part);
  }
  return parts;
}

/** `[key=value]`; without a key the element itself is compared. @throws KustomizeError when `=` is missing */
export function parseElementMatch(part: string): { key: string; value: string } | undefined {
  if (!part.startsWith('[') || !part.endsWith(']')) return undefined;
  const inner = part.slice(1, -1);
  const at = inner.indexOf('=');
  if (at < 0) {
    throw new KustomizeError(
      'invalidKustomization',
      'list path element must contain fieldName=fieldValue for element to match',
    );
  }
  return { key: inner.slice(0, at), value: inner.slice(at + 1) };
}

export function isIndex(part: string): boolean {
  return /^\d+$/.test(part);
}
