import type { KubeObject } from '#crds';
import { equalJson } from '#kube';
import { isJsonObject } from './json.ts';
import type { FieldPath } from './json-pointer.ts';

/** Most fields that are named: whoever needs more looks at the object. */
const maxFields = 5;

/** Where two forms of one object differ; of the metadata only labels and annotations count, status never does. */
export function differences(live: KubeObject, wanted: KubeObject): readonly FieldPath[] {
  const found: FieldPath[] = [];
  for (const part of ['labels', 'annotations'] as const) {
    collect(live.metadata[part] ?? {}, wanted.metadata[part] ?? {}, ['metadata', part], found);
  }
  const keys = new Set([...Object.keys(live), ...Object.keys(wanted)]);
  for (const key of keys) {
    if (key !== 'metadata' && key !== 'status') collect(live[key], wanted[key], [key], found);
  }
  return found.slice(0, maxFields);
}

function collect(a: unknown, b: unknown, path: FieldPath, found: FieldPath[]): void {
  if (found.length >= maxFields || equalJson(a, b)) return;
  if (isJsonObject(a) && isJsonObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) collect(a[key], b[key], [...path, key], found);
  } else if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    for (const [index, item] of a.entries()) collect(item, b[index], [...path, String(index)], found);
  } else found.push(path);
}

/** `.spec.containers[0].image`, `.data["a.b"]`: as kubectl's jsonpath takes it. */
export function formatPath(path: FieldPath, live: unknown): string {
  let text = '';
  let value = live;
  for (const key of path) {
    if (Array.isArray(value)) text += `[${key}]`;
    else text += /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    value = Array.isArray(value) ? value[Number(key)] : isJsonObject(value) ? value[key] : undefined;
  }
  return text;
}
