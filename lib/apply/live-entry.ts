import type { KubeObject, ObjectMeta } from '#crds';
import type { Health, ObjectId } from './contract.ts';
import { computeHealth } from './health.ts';
import { at } from './json.ts';
import { fingerprintOf, hasFoldable, type ManagerRules } from './managed-fields.ts';
import { ownerOf, type Switches, switchesOf } from './switches.ts';

/** What is kept of a live object: a few hundred bytes, however big it is. */
export interface LiveEntry extends KubeObject {
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace' | 'uid' | 'resourceVersion' | 'deletionTimestamp'>;
  /** `namespace/name` of the owner that its labels name. */
  readonly owner: string | undefined;
  readonly fingerprint: string | undefined;
  /** Fields of a manager that we fold wait to be handed over. */
  readonly foldable: boolean;
  readonly switches: Switches;
  /** Absent where the kind is watched by its metadata only. */
  readonly health: Health | undefined;
  /** A finished Job that its own controller removes after a time: its absence is no drift. */
  readonly expires: boolean;
}

/**
 * How the health of a kind is known: `always` it is there, hence Current; from the `status` in the watch; or it must be `read`,
 * because its objects are too big to be watched in full (CRDs) or change with time alone (Pods).
 */
export type HealthSource = 'always' | 'status' | 'read';

const alwaysCurrent = new Set([
  ...[
    'ConfigMap',
    'Secret',
    'Service',
    'ServiceAccount',
    'Namespace',
    'LimitRange',
    'ResourceQuota',
    'Endpoints',
    'Event',
  ].map((kind) => `/${kind}`),
  '/PodTemplate',
  '/PersistentVolume',
  'batch/CronJob',
  ...['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].map((kind) => `rbac.authorization.k8s.io/${kind}`),
  ...['Ingress', 'IngressClass', 'NetworkPolicy'].map((kind) => `networking.k8s.io/${kind}`),
  ...['StorageClass', 'CSIDriver', 'CSINode'].map((kind) => `storage.k8s.io/${kind}`),
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'ValidatingAdmissionPolicyBinding'].map(
    (kind) => `admissionregistration.k8s.io/${kind}`,
  ),
  'scheduling.k8s.io/PriorityClass',
  'node.k8s.io/RuntimeClass',
  'coordination.k8s.io/Lease',
  'discovery.k8s.io/EndpointSlice',
]);

export function healthSource({ group, kind }: Pick<ObjectId, 'group' | 'kind'>): HealthSource {
  if (alwaysCurrent.has(`${group}/${kind}`)) return 'always';
  if (group === 'apiextensions.k8s.io' || (group === '' && kind === 'Pod')) return 'read';
  return 'status';
}

/** Shrinks what the watch hands over; `source` says whether it is a whole object. */
export function liveEntry(object: KubeObject, source: HealthSource, rules: ManagerRules, now: Date): LiveEntry {
  const { name, namespace, uid, resourceVersion, deletionTimestamp } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    owner: ownerOf(object.metadata),
    fingerprint: fingerprintOf(object.metadata, rules),
    foldable: hasFoldable(object.metadata, rules),
    switches: switchesOf(object.metadata),
    health: source === 'status' ? sharedHealth(computeHealth(object, now)) : undefined,
    expires: object.kind === 'Job' && at(object, 'spec', 'ttlSecondsAfterFinished') !== undefined,
  };
}

const known = new Map<string, Health>();

/** Thousands of objects say the same: they share one value. */
function sharedHealth(health: Health): Health {
  if (health.status !== 'Current' || health.message.length > 64) return health;
  const found = known.get(health.message);
  if (found !== undefined) return found;
  if (known.size < 256) known.set(health.message, health);
  return health;
}

/** Which of two versions of one object is newer: negative, when `a` is the older one. Undefined where versions are no numbers. */
export function compareVersions(a: string | undefined, b: string | undefined): number | undefined {
  if (a === undefined || b === undefined || !/^[0-9]+$/.test(a) || !/^[0-9]+$/.test(b)) return undefined;
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
