import type { KubeObject, ObjectMeta } from '#crds';
import type { ObjectKey, Resource } from './contract.ts';
import { isStatus } from './errors.ts';
import { formatApiVersion } from './names.ts';

/**
 * One object as it came. apiVersion and kind are filled in where they are missing (items of a list of a built-in kind), and
 * put right where a metadata-only object calls itself PartialObjectMetadata.
 * @param deleted the key that a DELETE named: its answer may be a Status, which becomes an object with that key
 */
export function objectFrom(
  value: unknown,
  resource: Resource,
  metadataOnly: boolean = false,
  deleted?: ObjectKey,
): KubeObject {
  const { kind } = resource;
  const apiVersion = formatApiVersion(resource);
  if (deleted !== undefined && isStatus(value)) {
    const uid = value.details?.uid;
    const { name, namespace } = deleted;
    return {
      apiVersion,
      kind,
      metadata: { name, ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) },
    };
  }
  if (!isRecord(value) || !isMeta(value['metadata'])) {
    throw new TypeError(`cannot read a ${kind}: the API server sent something without metadata`);
  }
  if (metadataOnly) return { apiVersion, kind, metadata: value['metadata'] };
  return isObject(value) ? value : { ...value, apiVersion, kind, metadata: value['metadata'] };
}

export function* objectsFrom(
  items: readonly unknown[],
  resource: Resource,
  metadataOnly: boolean,
): Iterable<KubeObject> {
  for (const item of items) yield objectFrom(item, resource, metadataOnly);
}

export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** What to pass as `continue` for the next page. */
  readonly next: string | undefined;
}

export function readPage(value: unknown): Page {
  if (!isRecord(value) || !isRecord(value['metadata'])) {
    throw new TypeError('cannot read a list: the API server sent something without metadata');
  }
  const { resourceVersion, continue: next } = value['metadata'];
  const items = value['items'] ?? []; // Go writes an empty list as null
  if (!Array.isArray(items) || typeof resourceVersion !== 'string') {
    throw new TypeError('cannot read a list: expected items and a resourceVersion');
  }
  return { items, resourceVersion, next: typeof next === 'string' && next !== '' ? next : undefined };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isObject(value: unknown): value is KubeObject {
  return (
    isRecord(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isMeta(value['metadata'])
  );
}

/** The API server validates metadata on every write: a name is proof enough. Server-side dry-run may leave it out. */
function isMeta(value: unknown): value is ObjectMeta {
  return isRecord(value) && typeof value['name'] === 'string';
}
