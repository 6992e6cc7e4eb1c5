import type { ObjectFailure } from './error.ts';
import { isJsonObject, textAt } from './json.ts';
import type { Desired } from './normalise.ts';
import { formatObject } from './object-id.ts';

/** An object that could not be applied; its desired form says what it would have brought. */
export interface Missing {
  readonly desired: Desired;
  readonly failure: ObjectFailure;
}

/** Fields that name another object of the same namespace, and its kind. */
const namingFields: ReadonlyMap<string, string> = new Map([
  ['serviceAccountName', 'ServiceAccount'],
  ['secretName', 'Secret'],
  ['claimName', 'PersistentVolumeClaim'],
  ['ingressClassName', 'IngressClass'],
  ['priorityClassName', 'PriorityClass'],
  ['storageClassName', 'StorageClass'],
]);
/** Fields that hold a reference with a `name`. */
const referenceFields: ReadonlyMap<string, string> = new Map([
  ['configMap', 'ConfigMap'],
  ['configMapRef', 'ConfigMap'],
  ['configMapKeyRef', 'ConfigMap'],
  ['secret', 'Secret'],
  ['secretRef', 'Secret'],
  ['secretKeyRef', 'Secret'],
  ['imagePullSecrets', 'Secret'],
  ['service', 'Service'],
]);

/**
 * Why an object must wait for others that failed: its namespace, the definition of its kind, or what it names. Undefined: nothing
 * that failed concerns it.
 */
export function heldBy(desired: Desired, missing: readonly Missing[]): ObjectFailure | undefined {
  if (missing.length === 0) return undefined;
  const named = new Set(referencesOf(desired.object));
  const cause = missing.find((one) => {
    const { id, object } = one.desired;
    if (id.group === '' && id.kind === 'Namespace') return desired.id.namespace === id.name;
    if (id.kind === 'CustomResourceDefinition') {
      const kind = textAt(object, 'spec', 'names', 'kind');
      return desired.id.group === textAt(object, 'spec', 'group') && desired.id.kind === kind;
    }
    if (id.namespace !== undefined && id.namespace !== desired.id.namespace) return false;
    return named.has(`${id.kind}/${id.name}`);
  });
  if (cause === undefined) return undefined;
  return { id: desired.id, message: `${formatObject(desired.id)} held: it needs ${formatObject(cause.desired.id)}` };
}

/** `Kind/name` of what an object names. */
function* referencesOf(value: unknown): Iterable<string> {
  if (Array.isArray(value)) {
    for (const item of value) yield* referencesOf(item);
    return;
  }
  if (!isJsonObject(value)) return;
  if (typeof value['kind'] === 'string' && typeof value['name'] === 'string') yield `${value['kind']}/${value['name']}`;
  for (const [key, item] of Object.entries(value)) {
    const kind = namingFields.get(key);
    if (kind !== undefined && typeof item === 'string') yield `${kind}/${item}`;
    const referred = referenceFields.get(key);
    if (referred !== undefined) {
      for (const one of Array.isArray(item) ? item : [item]) {
        const name = textAt(one, 'name');
        if (name !== undefined) yield `${referred}/${name}`;
      }
    }
    yield* referencesOf(item);
  }
}
