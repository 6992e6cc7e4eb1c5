import type { KubeObject } from '#crds';
import { ownsField } from './field-owner.ts';
import { copyJson } from './json.ts';
import { type FieldPath, removeAt, replaceAt, valueAt } from './json-pointer.ts';

/** The object without the fields that others may change. */
export function withoutIgnored(object: KubeObject, ignored: readonly FieldPath[]): KubeObject {
  if (ignored.length === 0) return object;
  const copy = copyJson(object, false) as KubeObject; // a copy of an object is an object
  // From the last to the first: taking an item out of a list moves those behind it.
  for (const path of ignored.toReversed()) removeAt(copy, path);
  return copy;
}

/**
 * What is sent for an object that exists: an ignored field that another applier holds is left to it, any other keeps the value
 * that it has, since leaving it out would take it away.
 */
export function withLiveValues(
  desired: KubeObject,
  live: KubeObject,
  ignored: readonly FieldPath[],
  fieldManager: string,
): KubeObject {
  const copy = copyJson(desired, false) as KubeObject; // a copy of an object is an object
  const appliers = (live.metadata.managedFields ?? []).filter(
    ({ manager, operation }) => operation === 'Apply' && manager !== fieldManager,
  );
  for (const path of ignored.toReversed()) {
    const value = valueAt(live, path);
    const isTaken = appliers.some((entry) => ownsField(entry, path, live));
    if (value === undefined || isTaken) removeAt(copy, path);
    else replaceAt(copy, path, value);
  }
  return copy;
}
