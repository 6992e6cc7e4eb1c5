import { hash } from 'node:crypto';
import type { ManagedFieldsEntry, ObjectMeta } from '#crds';
import { isJsonObject, type JsonObject, type Mutable } from './json.ts';
import { switchesOf } from './switches.ts';

/** Whose field-manager entries are ours, and whose become ours. */
export interface ManagerRules {
  readonly fieldManager: string;
  readonly overrideManagers: readonly string[];
}

/** Managers whose fields are taken over by prefix of the name and by operation (spec A10, cleanup). */
function isFoldable(entry: ManagedFieldsEntry, rules: ManagerRules): boolean {
  const manager = entry.manager ?? '';
  if (entry.subresource !== undefined && entry.subresource !== '') return false;
  if (
    entry.operation === 'Update' &&
    (manager.startsWith('before-first-apply') || manager.startsWith(rules.fieldManager))
  ) {
    return true;
  }
  return manager.startsWith('kubectl') || rules.overrideManagers.some((prefix) => manager.startsWith(prefix));
}

function isOwn(entry: ManagedFieldsEntry, rules: ManagerRules): boolean {
  return entry.manager === rules.fieldManager && entry.operation === 'Apply' && (entry.subresource ?? '') === '';
}

/** Both sets of fields: each tree has `f:`, `k:` and `v:` keys and `.` leaves. */
function unionOfFields(a: JsonObject, b: JsonObject): JsonObject {
  const union: Mutable = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const own = union[key];
    union[key] = isJsonObject(own) && isJsonObject(value) ? unionOfFields(own, value) : (own ?? value);
  }
  return union;
}

/**
 * Hands the fields of kubectl, of `before-first-apply`, of our own updates and of overridden managers to our Apply entry, so that
 * the next apply removes what Git does not have. Undefined when there is nothing to hand over.
 */
export function foldManagedFields(
  entries: readonly ManagedFieldsEntry[],
  rules: ManagerRules,
  apiVersion: string,
): readonly ManagedFieldsEntry[] | undefined {
  const taken = entries.filter((entry) => isFoldable(entry, rules));
  if (taken.length === 0) return undefined;
  const own = entries.find((entry) => isOwn(entry, rules)) ?? {
    manager: rules.fieldManager,
    operation: 'Apply' as const,
    apiVersion: taken[0]?.apiVersion ?? apiVersion,
    fieldsType: 'FieldsV1' as const,
    ...(taken[0]?.time === undefined ? {} : { time: taken[0].time }),
  };
  const fieldsV1 = taken.reduce<JsonObject>(
    (fields, entry) => unionOfFields(fields, entry.fieldsV1 ?? {}),
    own.fieldsV1 ?? {},
  );
  const others = entries.filter((entry) => !taken.includes(entry) && !isOwn(entry, rules));
  return [{ ...own, fieldsV1 }, ...others];
}

/**
 * What of a live object concerns us, in a few bytes. The API server takes a field out of our entry as soon as someone else
 * changes or removes its value, and moves our entry's time when we change one ourselves: as long as our entry stays, no
 * manager that we fold comes up and the switches are the same, everything that Git asks for is as we left it. Status and fields
 * that others add never show here.
 * Undefined when we never applied the object.
 */
export function fingerprintOf(
  metadata: Pick<ObjectMeta, 'managedFields' | 'labels' | 'annotations'>,
  rules: ManagerRules,
): string | undefined {
  const entries = metadata.managedFields ?? [];
  const own = entries.find((entry) => isOwn(entry, rules));
  if (own === undefined) return undefined;
  const foldable = entries.filter((entry) => isFoldable(entry, rules));
  const facts = [own.apiVersion, own.time, own.fieldsV1, foldable, switchesOf(metadata)];
  return hash('sha1', JSON.stringify(facts), 'base64');
}

export function hasFoldable(metadata: Pick<ObjectMeta, 'managedFields'>, rules: ManagerRules): boolean {
  return (metadata.managedFields ?? []).some((entry) => isFoldable(entry, rules));
}
