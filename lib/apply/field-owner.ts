import type { KubeObject, ManagedFieldsEntry } from '#crds';
import { equalJson } from '#kube';
import { isJsonObject, type JsonObject } from './json.ts';
import type { FieldPath } from './json-pointer.ts';

/** Whether an entry of the managed fields has a field, where `live` says which items its list keys mean. */
export function ownsField(entry: ManagedFieldsEntry, path: FieldPath, live: unknown): boolean {
  let fields: JsonObject = entry.fieldsV1 ?? {};
  let value = live;
  for (const key of path) {
    const next = Array.isArray(value) ? itemFields(fields, value[Number(key)], key) : fields[`f:${key}`];
    if (!isJsonObject(next)) return false;
    // Nothing below: a value without parts of its own, such as a list that is replaced as a whole.
    if (Object.keys(next).length === 0) return true;
    fields = next;
    value = Array.isArray(value) ? value[Number(key)] : isJsonObject(value) ? value[key] : undefined;
  }
  return true;
}

/** Items are named by their keys (`k:{"name":"app"}`), by their value (`v:"x"`) or by their place (`i:0`). */
function itemFields(fields: JsonObject, item: unknown, index: string): unknown {
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith('v:') && equalJson(JSON.parse(name.slice(2)), item)) return value;
    if (!name.startsWith('k:') || !isJsonObject(item)) continue;
    const keys: unknown = JSON.parse(name.slice(2));
    if (isJsonObject(keys) && Object.entries(keys).every(([key, wanted]) => equalJson(item[key], wanted))) return value;
  }
  return fields[`i:${index}`];
}

/**
 * Who wrote a field last, as far as the object tells; a field that is gone is laid at the door of whoever wrote last.
 * @param own our own field manager, which is never the answer
 */
export function lastWriterOf(live: KubeObject, path: FieldPath, own: string): string | undefined {
  const others = (live.metadata.managedFields ?? [])
    .filter(({ manager, subresource }) => manager !== own && (subresource ?? '') === '')
    .toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  return (others.find((entry) => ownsField(entry, path, live)) ?? others[0])?.manager;
}
