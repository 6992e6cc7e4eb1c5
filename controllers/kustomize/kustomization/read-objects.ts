import { createHash } from 'node:crypto';
import { formatObject, objectId } from '#apply';
import type { KubeObject } from '#crds';
import { type JsonValue, type MapNode, print, toJson } from '#kustomize';

/** What a build gives to apply. */
export interface Manifests {
  readonly objects: readonly KubeObject[];
  /** Of the printed manifests, before labels of ours: `sha256:<hex>`. */
  readonly digest: string;
  /** Length of the printed manifests, in characters. */
  readonly size: number;
  /** Documents that are no objects of a cluster and are left out, for the log. */
  readonly leftOut: readonly string[];
  /** Where objects come from, by `Kind/namespace/name`: `<file>, line <n>`. */
  readonly places: ReadonlyMap<string, string>;
  /** A message without what was decrypted: the API server quotes keys and values that it refuses. Absent: nothing was. */
  readonly mask?: ((message: string) => string) | undefined;
}

/**
 * Turns built resources into objects, in their order. Documents without apiVersion, kind or name and kustomize's own kinds are
 * left out, the items of a List stand for it.
 * @throws YamlError when a resource has no JSON form
 */
export function readObjects(resources: readonly MapNode[], origins: readonly (string | undefined)[] = []): Manifests {
  const hash = createHash('sha256');
  const objects: KubeObject[] = [];
  const leftOut: string[] = [];
  const places = new Map<string, string>();
  let size = 0;
  for (const [index, resource] of resources.entries()) {
    const text = print(resource);
    hash.update(index === 0 ? text : `---\n${text}`);
    size += text.length;
    for (const value of flatten(withNumbers(toJson(resource)))) {
      const object = asObject(value);
      if (object === undefined) leftOut.push(describe(value));
      else {
        objects.push(object);
        notePlace(places, object, origins[index]);
      }
    }
  }
  return { objects, digest: `sha256:${hash.digest('hex')}`, size, leftOut, places };
}

function notePlace(places: Map<string, string>, object: KubeObject, place: string | undefined): void {
  if (place === undefined) return;
  const id = objectId(object);
  places.set(formatObject(id), place);
  // The API server takes the namespace off what is cluster-scoped.
  const alone = formatObject({ ...id, namespace: undefined });
  if (!places.has(alone)) places.set(alone, place);
}

type Json = null | boolean | string | number | Json[] | { [key: string]: Json };

/** The API has no integers above 64 bits and we have none above 53 to send: such a limit in a CRD is meant as a bound. */
function withNumbers(value: JsonValue): Json {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withNumbers);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNumbers(item)]));
}

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flatten(value: Json): readonly Json[] {
  if (!isMap(value) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) return [value];
  const items = value['items'];
  return Array.isArray(items) ? items.flatMap(flatten) : [value];
}

function asObject(value: Json): KubeObject | undefined {
  if (!isMap(value)) return undefined;
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || apiVersion === '' || typeof kind !== 'string' || kind === '') return undefined;
  if (!isMap(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '') return undefined;
  if (apiVersion.startsWith('kustomize.config.k8s.io/')) return undefined;
  // What the checks above leave open, such as labels that are no strings, the API server refuses.
  return value as unknown as KubeObject;
}

function describe(value: Json): string {
  if (!isMap(value)) return 'a document that is no mapping';
  const name = isMap(value['metadata']) ? value['metadata']['name'] : undefined;
  return `${String(value['apiVersion'] ?? '')} ${String(value['kind'] ?? '')} ${String(name ?? '')}`.trim();
}
