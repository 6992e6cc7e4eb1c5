/** `a/b\/c/d` → a, b/c, d. */
export function splitFieldPath(path: string): readonly string[] {
  const hit = cache.get(path);
  if (hit !== undefined) return hit;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    const last = parts.at(-1);
    if (last?.endsWith('\\')) parts[parts.length - 1] = `${last.slice(0, -1)}/${part}`;
    else parts.push(part);
  }
  if (cache.size > 4096) cache.clear();
  cache.set(path, parts);
  return parts;
}

const cache = new Map<string, readonly string[]>();
