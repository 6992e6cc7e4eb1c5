import type { ObjectId } from './contract.ts';
import { identity } from './object-id.ts';

/** Kinds that others need: applied first, in this order (spec A10). */
const firstKinds = [
  'CustomResourceDefinition',
  'Namespace',
  'ClusterRole',
  'ClusterClass',
  'RuntimeClass',
  'PriorityClass',
  'StorageClass',
  'VolumeSnapshotClass',
  'IngressClass',
  'GatewayClass',
  'ClusterRoleBinding',
  'ResourceQuota',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'Service',
  'LimitRange',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];

/** Kinds that judge everything else: applied when what they call is there. */
const lastKinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

const ranks: ReadonlyMap<string, number> = new Map([
  ...firstKinds.map((kind, index) => [kind, index - firstKinds.length] as const),
  ...lastKinds.map((kind, index) => [kind, index + 1] as const),
]);

function rankOf(kind: string): number {
  return ranks.get(kind) ?? 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of application. Objects that differ in their version only are equal. */
export function compareIds(a: ObjectId, b: ObjectId): number {
  return (
    rankOf(a.kind) - rankOf(b.kind) ||
    compareText(a.group, b.group) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace ?? '', b.namespace ?? '') ||
    compareText(a.name, b.name)
  );
}

/** What is applied together: a stage is validated as a whole, and the next one starts when it is written (and ready). */
export interface Stage<T> {
  readonly items: readonly T[];
  /** Whether the next stage must find these ready. */
  readonly waits: boolean;
}

const foundationKinds = new Set(['CustomResourceDefinition', 'Namespace', 'ClusterRole']);

/**
 * Foundations, then classes, then the kinds asked for, then the rest; each sorted. Empty stages are left out.
 * @param customKinds as `group/Kind`; the core group is `/Kind` or `Kind`
 */
export function stagesOf<T extends { readonly id: ObjectId }>(
  items: readonly T[],
  customKinds: readonly string[],
): readonly Stage<T>[] {
  const custom = new Set(customKinds.map((name) => (name.includes('/') ? name : `/${name}`)));
  const stages: readonly T[][] = [[], [], [], []];
  for (const item of items) {
    const { group, kind } = item.id;
    const stage = foundationKinds.has(kind) ? 0 : kind.endsWith('Class') ? 1 : custom.has(`${group}/${kind}`) ? 2 : 3;
    stages[stage]?.push(item);
  }
  return stages
    .map((list, index) => ({ items: list.toSorted((a, b) => compareIds(a.id, b.id)), waits: index < 2 }))
    .filter(({ items: list }) => list.length > 0);
}

/** Splits a sorted list where group or kind changes: inside a part the order of writes does not matter. */
export function partsOf<T extends { readonly id: ObjectId }>(sorted: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let previous: ObjectId | undefined;
  for (const item of sorted) {
    if (previous?.kind === item.id.kind && previous.group === item.id.group) parts.at(-1)?.push(item);
    else parts.push([item]);
    previous = item.id;
  }
  return parts;
}

/** What is in `before` and no longer in `after`, whatever its version, in the order of deletion: last applied first. */
export function diffInventory(before: readonly ObjectId[], after: readonly ObjectId[]): readonly ObjectId[] {
  const kept = new Set(after.map(identity));
  return sortForDeletion(before.filter((id) => !kept.has(identity(id))));
}

export function sortForDeletion(ids: readonly ObjectId[]): readonly ObjectId[] {
  return ids.toSorted((a, b) => compareIds(b, a));
}
