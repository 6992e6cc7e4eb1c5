import { isJsonObject, isMutable } from './json.ts';

type Step =
  | { readonly field: string }
  | { readonly index: number }
  | { readonly keys: readonly (readonly [string, unknown])[] };

const token = /\.(?<field>[^.[\]]+)|\[(?<item>(?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]/gy;

/** Reads structured-merge-diff's notation: `.spec.containers[name="app"].ports[0]`. Undefined when it is something else. */
function parseFieldPath(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  let end = 0;
  for (const match of path.matchAll(token)) {
    const { field, item } = match.groups ?? {};
    if (field !== undefined) steps.push({ field });
    else if (item !== undefined && /^[0-9]+$/.test(item)) steps.push({ index: Number(item) });
    else steps.push({ keys: parseKeys(item ?? '') });
    end = match.index + match[0].length;
  }
  return end === path.length && steps.length > 0 ? steps : undefined;
}

function parseKeys(text: string): readonly (readonly [string, unknown])[] {
  const pairs = text.matchAll(/(?<key>[^=,]+)=(?<value>"(?:[^"\\]|\\.)*"|[^,]*)/g);
  return Array.from(pairs, ({ groups }) => [groups?.['key'] ?? '', parseScalar(groups?.['value'] ?? '')] as const);
}

function parseScalar(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Removes a field in place. False when the path leads nowhere. */
export function removeField(object: unknown, path: string): boolean {
  const steps = parseFieldPath(path);
  const last = steps?.at(-1);
  if (steps === undefined || last === undefined || !('field' in last)) return false;
  let current: unknown = object;
  for (const step of steps.slice(0, -1)) current = follow(current, step);
  if (!isMutable(current) || !Object.hasOwn(current, last.field)) return false;
  delete current[last.field];
  return true;
}

function follow(value: unknown, step: Step): unknown {
  if ('field' in step) return isJsonObject(value) ? value[step.field] : undefined;
  if (!Array.isArray(value)) return undefined;
  if ('index' in step) return value[step.index];
  return value.find((item) => isJsonObject(item) && step.keys.every(([key, wanted]) => item[key] === wanted));
}
