import type { KubeObject } from '#crds';
import { foldManagedFields, type ManagerRules } from './managed-fields.ts';
import { switchesOf } from './switches.ts';

/** What earlier appliers left on objects. */
const staleAnnotations = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'kustomize.toolkit.fluxcd.io/checksum',
  'fluxcd.io/sync-checksum',
];
const staleLabels = ['fluxcd.io/sync-gc-mark'];

export type JsonPatch = readonly {
  readonly op: 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}[];

export function hasStaleMetadata(object: Pick<KubeObject, 'metadata'>): boolean {
  const { annotations = {}, labels = {} } = object.metadata;
  return staleAnnotations.some((key) => key in annotations) || staleLabels.some((key) => key in labels);
}

/**
 * Takes over an object that kubectl or an older Flux applied: their bookkeeping goes, their fields become ours. The pod template
 * stays as it is, so nothing restarts. It holds for the version that was read only (a conflict otherwise).
 * Undefined when there is nothing to take over, or the object says `ssa: Merge`.
 */
export function takeoverPatch(live: KubeObject, rules: ManagerRules): JsonPatch | undefined {
  if (switchesOf(live.metadata).keepsForeignFields) return undefined;
  const { annotations = {}, labels = {}, managedFields = [], resourceVersion } = live.metadata;
  const remove = (map: string, key: string) => ({
    op: 'remove' as const,
    path: `/metadata/${map}/${escapePointer(key)}`,
  });
  const folded = foldManagedFields(managedFields, rules, live.apiVersion);
  const patch = [
    ...staleAnnotations.filter((key) => key in annotations).map((key) => remove('annotations', key)),
    ...staleLabels.filter((key) => key in labels).map((key) => remove('labels', key)),
    ...(folded === undefined ? [] : [{ op: 'replace' as const, path: '/metadata/managedFields', value: folded }]),
  ];
  if (patch.length === 0) return undefined;
  return [...patch, { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion }];
}

/** RFC 6901. */
function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
