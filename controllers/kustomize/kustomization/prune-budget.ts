import { formatObject, inventoryEntry, type ObjectId } from '#apply';
import { type Kustomization, pruneApprovedAnnotation, pruneBudgetAnnotation, pruneProtectedAnnotation } from '#crds';
import { createHash } from 'node:crypto';

/** Whose deletion takes more with it than the object itself. */
const protectedKinds = new Set([
  '/Namespace',
  '/PersistentVolumeClaim',
  'apiextensions.k8s.io/CustomResourceDefinition',
]);

/**
 * Why these objects must not be deleted without approval; undefined: they may be. Without the annotation
 * `sluice.dev/prune-budget` everything may be, as in Flux.
 * @param owned how many objects the inventory had before
 */
export function budgetProblem(
  { metadata }: Pick<Kustomization, 'metadata'>,
  stale: readonly ObjectId[],
  owned: number,
): string | undefined {
  const annotations = metadata.annotations ?? {};
  const budget = annotations[pruneBudgetAnnotation];
  if (budget === undefined || stale.length === 0) return undefined;
  const approval = digestOf(stale);
  if (annotations[pruneApprovedAnnotation] === approval) return undefined;
  const limit = limitOf(budget, owned);
  const guarded =
    annotations[pruneProtectedAnnotation] === 'false'
      ? []
      : stale.filter(({ group, kind }) => protectedKinds.has(`${group}/${kind}`));
  if (limit !== undefined && stale.length <= limit && guarded.length === 0) return undefined;
  const why =
    limit === undefined
      ? `cannot read annotation ${pruneBudgetAnnotation} "${budget}": expected a number or a percentage`
      : stale.length > limit
        ? `${stale.length} objects would be deleted, expected at most ${limit} (${pruneBudgetAnnotation}: "${budget}")`
        : `${guarded.map(formatObject).join(', ')} would be deleted, which is protected`;
  const how = `to delete them, set annotation ${pruneApprovedAnnotation}: "${approval}"`;
  return [`${why}; ${how}`, ...stale.map(formatObject)].join('\n');
}

/** A part of an object is none: of 7 objects 20% are 1. */
function limitOf(budget: string, owned: number): number | undefined {
  const match = /^([0-9]+)(%?)$/.exec(budget.trim());
  if (match === null) return undefined;
  const value = Number(match[1]);
  return match[2] === '%' ? Math.floor((owned * value) / 100) : value;
}

/** The same for the same set of objects, in whatever order. */
function digestOf(ids: readonly ObjectId[]): string {
  const text = ids
    .map((id) => inventoryEntry(id).id)
    .toSorted()
    .join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
