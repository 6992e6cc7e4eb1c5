import { legacyFirst, legacyLast } from '../data/kinds.ts';
import { KustomizeError } from '../error.ts';
import type { SortOptions } from '../kustomization/schema.ts';
import type { GvkSelector } from '../resource/gvk.ts';
import type { ResId } from '../resource/res-id.ts';
import type { ResMap } from '../resource/res-map.ts';

export type Order = 'legacy' | 'none';

/** Puts the result into the order that the kustomization, or else the caller, asks for. */
export function sortResources(map: ResMap, order: Order, options: SortOptions | undefined): void {
  if (options === undefined) {
    if (order === 'legacy') sortLegacy(map, legacyFirst, legacyLast);
    return;
  }
  if (options.order !== 'legacy' && options.order !== 'fifo') {
    throw new KustomizeError('invalidKustomization', "the field 'sortOptions.order' must be one of [fifo, legacy]");
  }
  const lists = options.legacySortOptions;
  if (lists !== undefined && options.order !== 'legacy') {
    throw new KustomizeError(
      'invalidKustomization',
      `the field 'sortOptions.legacySortOptions' is set but the selected sort order is '${options.order}', not 'legacy'`,
    );
  }
  if (options.order === 'fifo') return;
  if (lists === undefined) sortLegacy(map, legacyFirst, legacyLast);
  else sortLegacy(map, lists.orderFirst ?? [], lists.orderLast ?? []);
}

function ranksOf(first: readonly string[], last: readonly string[]): Map<string, number> {
  const ranks = new Map<string, number>();
  first.forEach((kind, i) => ranks.set(kind, i - first.length));
  last.forEach((kind, i) => ranks.set(kind, i + 1));
  return ranks;
}

const defaultRanks = ranksOf(legacyFirst, legacyLast);

/** The legacy order of kinds, as configurations are sorted by it. */
export function compareKinds(a: GvkSelector, b: GvkSelector): number {
  const rank = ({ kind }: GvkSelector): number => defaultRanks.get(kind ?? '') ?? 0;
  return rank(a) - rank(b) || compare(legacyGvk({ gvk: a }), legacyGvk({ gvk: b }));
}

function sortLegacy(map: ResMap, first: readonly string[], last: readonly string[]): void {
  const ranks = ranksOf(first, last);
  const keyed = map.resources.map((resource) => {
    const id = resource.currentId();
    return { resource, rank: ranks.get(id.gvk.kind) ?? 0, id, gvkText: legacyGvk(id), text: legacyText(id) };
  });
  keyed.sort(
    (a, b) => a.rank - b.rank || namespaceFirst(a.id, b.id) || compare(a.gvkText, b.gvkText) || compare(a.text, b.text),
  );
  map.reorder(keyed.map(({ resource }) => resource));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The core Namespace comes before those of other groups, although `~G` would sort it last. */
function namespaceFirst(a: ResId, b: ResId): number {
  if (a.gvk.kind !== 'Namespace' || b.gvk.kind !== 'Namespace') return 0;
  return Number(a.gvk.group !== '') - Number(b.gvk.group !== '');
}

function legacyGvk({ gvk }: { readonly gvk: GvkSelector }): string {
  return `${gvk.group || '~G'}_${gvk.version || '~V'}_${gvk.kind || '~K'}`;
}

function legacyText(id: ResId): string {
  return `${legacyGvk(id)}|${id.namespace || '~X'}|${id.name || '~N'}`;
}
