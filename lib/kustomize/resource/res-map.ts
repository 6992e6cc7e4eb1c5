import { KustomizeError } from '../error.ts';
import { formatId, idKey, type ResId } from './res-id.ts';
import type { Resource } from './resource.ts';

/**
 * The resources of a build in order, no two with the same id. Lookups go through indexes that are built when they are
 * asked for; whoever changes names, namespaces or kinds of members calls `idsChanged`.
 */
export class ResMap {
  private list: Resource[] = [];
  private byCurrentId: Map<string, Resource> | undefined;
  private byAnyId: Map<string, Resource[]> | undefined;

  get resources(): readonly Resource[] {
    return this.list;
  }

  get size(): number {
    return this.list.length;
  }

  idsChanged(): void {
    this.byCurrentId = undefined;
    this.byAnyId = undefined;
  }

  /** @throws KustomizeError 'conflict' when the id is taken */
  append(resource: Resource): void {
    const id = resource.currentId();
    const key = idKey(id);
    const index = this.currentIndex();
    if (index.has(key)) {
      throw new KustomizeError('conflict', `may not add resource with an already registered id: ${formatId(id)}`);
    }
    index.set(key, resource);
    this.byAnyId = undefined;
    this.list.push(resource);
  }

  appendAll(resources: Iterable<Resource>): void {
    for (const resource of resources) this.append(resource);
  }

  replace(old: Resource, by: Resource): void {
    this.list[this.list.indexOf(old)] = by;
    this.idsChanged();
  }

  /** Drops resources that a transformer has emptied. */
  dropEmpty(): void {
    if (this.list.some((resource) => resource.node.size === 0)) this.keep((resource) => resource.node.size > 0);
  }

  keep(isKept: (resource: Resource) => boolean): void {
    this.list = this.list.filter(isKept);
    this.idsChanged();
  }

  reorder(resources: readonly Resource[]): void {
    this.list = [...resources];
  }

  /** Resources that have or once had this id. */
  withAnyId(id: ResId): readonly Resource[] {
    return this.anyIndex().get(idKey(id)) ?? [];
  }

  /** The one resource that has or once had this id. */
  demandOne(id: ResId): Resource {
    const matches = this.withAnyId(id);
    const [first] = matches;
    if (matches.length > 1) {
      const ids = matches.map((match) => formatId(match.currentId())).join(', ');
      throw new KustomizeError(
        'conflict',
        `multiple matches for Id ${formatId(id)}; failed to find unique target for patch ${formatId(id)}: ${ids}`,
      );
    }
    if (first === undefined) {
      throw new KustomizeError(
        'patchFailed',
        `no matches for Id ${formatId(id)}; failed to find unique target for patch ${formatId(id)}`,
      );
    }
    return first;
  }

  /** @throws KustomizeError 'conflict' when a transformation has made two ids equal */
  requireUniqueIds(what: string): void {
    this.idsChanged();
    const seen = new Map<string, Resource>();
    for (const resource of this.list) {
      const id = resource.currentId();
      const key = idKey(id);
      if (seen.has(key)) throw new KustomizeError('conflict', `${what} produces ID conflict: ${formatId(id)}`);
      seen.set(key, resource);
    }
    this.byCurrentId = seen;
  }

  /** As if all were added once more. @throws KustomizeError 'conflict' when a patch has made two ids equal */
  requireRegistrable(): void {
    const all = this.list;
    this.list = [];
    this.idsChanged();
    this.appendAll(all);
  }

  private currentIndex(): Map<string, Resource> {
    this.byCurrentId ??= new Map(this.list.map((resource) => [idKey(resource.currentId()), resource]));
    return this.byCurrentId;
  }

  private anyIndex(): Map<string, Resource[]> {
    if (this.byAnyId !== undefined) return this.byAnyId;
    const index = new Map<string, Resource[]>();
    for (const resource of this.list) {
      const keys = new Set([...resource.previousIds(), resource.currentId()].map(idKey));
      for (const key of keys) {
        const bucket = index.get(key);
        if (bucket === undefined) index.set(key, [resource]);
        else bucket.push(resource);
      }
    }
    this.byAnyId = index;
    return index;
  }
}
