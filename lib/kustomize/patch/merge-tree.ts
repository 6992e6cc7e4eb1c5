import type { MergeField, MergeSchema } from '../data/merge-schema.ts';
import { KustomizeError } from '../error.ts';
import { isNull, scalarText } from '../resource/resource.ts';
import { assignScalar, type MapNode, type Node, type ScalarNode, type SeqNode } from '../yaml/index.ts';
import { type ElementMerge, mergeKeyedLists, mergeScalars } from './merge-list.ts';

/**
 * Strategic merge as kyaml does it: `undefined` stands for a field that is absent, and as a result for one that goes.
 * The patch is consumed: its nodes end up in the result and its `$patch` entries are taken out.
 */
export class TreeMerger {
  private readonly schema: MergeSchema;

  constructor(schema: MergeSchema) {
    this.schema = schema;
  }

  /** @returns the merged object, or undefined when the patch deletes it */
  mergeObject(base: MapNode, patch: MapNode): MapNode | undefined {
    const kindOf = (map: MapNode): string => `${scalarText(map.get('apiVersion'))}|${scalarText(map.get('kind'))}`;
    const def = this.schema.kinds[kindOf(base)] ?? this.schema.kinds[kindOf(patch)];
    const merged = this.merge(base, patch, def === undefined ? undefined : { def });
    return merged?.kind === 'map' ? merged : undefined;
  }

  private merge(base: Node | undefined, patch: Node | undefined, schema: MergeField | undefined): Node | undefined {
    const leading = present(base) ? base : present(patch) ? patch : undefined;
    switch (leading?.kind) {
      case undefined:
        // A null of the base survives, one of the patch takes the field away or leaves it absent.
        return patch === undefined ? base : undefined;
      case 'scalar':
        requireKind('ScalarNode', 'scalar', base, patch);
        if (patch === undefined) return base;
        return isNull(patch) ? undefined : patch;
      case 'map':
        requireKind('MappingNode', 'map', base, patch);
        return this.mergeMap(base, patch, schema);
      case 'seq':
        requireKind('SequenceNode', 'seq', base, patch);
        return schema?.keys === undefined
          ? replaceList(base, patch)
          : this.mergeList(base, patch, schema.keys, schema.def);
    }
  }

  private mergeMap(base: Node | undefined, patch: Node | undefined, schema: MergeField | undefined): Node | undefined {
    const source = patch?.kind === 'map' ? patch : undefined;
    const directive = source === undefined ? 'merge' : takeDirective(source);
    if (!present(base)) {
      if (directive === 'delete' || source === undefined) return undefined;
      return this.mergeFields(source, source, schema);
    }
    if (patch !== undefined && isNull(patch)) return undefined;
    if (directive === 'delete') return undefined;
    if (base.kind !== 'map') return base;
    if (directive === 'replace' && source !== undefined) return this.mergeFields(source, source, schema);
    return this.mergeFields(base, source, schema);
  }

  /** With `target` and `patch` the same map, this takes out what a patch must not leave behind: nulls and directives. */
  private mergeFields(target: MapNode, patch: MapNode | undefined, schema: MergeField | undefined): MapNode {
    const fields = schema?.def === undefined ? undefined : this.schema.definitions[schema.def];
    // Before the loop below takes fields away: what a patch deletes it does not add anew.
    const added =
      patch === undefined || target === patch ? [] : [...patch.entries()].filter(([key]) => !target.has(key));
    for (const key of target.keys()) {
      const field = fields?.[key] ?? fields?.['*'];
      const base = target.get(key);
      const change = patch?.get(key);
      // Nothing below can merge and nothing changes: leave the subtree alone.
      if (change === undefined && field === undefined) continue;
      const merged = this.merge(base, change, field);
      if (merged === undefined) target.delete(key);
      // In place: a label that a transformer has put into several fields changes in all of them, as with kustomize.
      else if (base?.kind === 'scalar' && merged.kind === 'scalar') {
        if (merged !== base) replaceScalar(base, merged);
      } else if (merged !== base) target.set(key, merged);
    }
    for (const [key, change] of added) {
      const merged = this.merge(undefined, change, fields?.[key] ?? fields?.['*']);
      if (merged !== undefined) target.set(key, merged);
    }
    return target;
  }

  private mergeList(
    base: Node | undefined,
    patch: Node | undefined,
    keys: readonly string[],
    def: string | undefined,
  ): Node | undefined {
    if (patch !== undefined && isNull(patch)) return undefined;
    const theirs = patch?.kind === 'seq' ? patch : undefined;
    const ours = base?.kind === 'seq' ? base : undefined;
    if (theirs !== undefined) {
      const directive = takeListDirective(theirs);
      if (directive === 'delete') return undefined;
      if (ours !== undefined && directive === 'replace') return this.mergeItems(theirs, theirs, keys, def);
    }
    if (ours === undefined) return theirs === undefined ? undefined : this.mergeItems(theirs, theirs, keys, def);
    return this.mergeItems(ours, theirs, keys, def);
  }

  private mergeItems(
    ours: SeqNode,
    theirs: SeqNode | undefined,
    keys: readonly string[],
    def: string | undefined,
  ): SeqNode {
    if (keys.length === 0) ours.items = mergeScalars(ours.items, theirs?.items ?? []);
    else {
      const mergeElement: ElementMerge = (base, patch) =>
        this.merge(base, patch, def === undefined ? undefined : { def });
      ours.items = mergeKeyedLists(keys, ours.items, theirs?.items, mergeElement);
    }
    return ours;
  }
}

/** The quotes are those of the base: within them everything is a string. */
function replaceScalar(base: ScalarNode, patch: ScalarNode): void {
  const { style } = base;
  assignScalar(base, { value: patch.value, tag: style === 'plain' ? patch.tag : '!!str', style });
}

function present(node: Node | undefined): node is Node {
  return node !== undefined && !isNull(node);
}

function requireKind(expected: string, kind: Node['kind'], ...nodes: readonly (Node | undefined)[]): void {
  const names = { scalar: 'ScalarNode', map: 'MappingNode', seq: 'SequenceNode' };
  for (const node of nodes) {
    if (!present(node) || node.kind === kind) continue;
    const contents = node.kind === 'scalar' ? `: node contents:\n${node.value}\n` : '';
    throw new KustomizeError(
      'patchFailed',
      `wrong node kind: expected ${expected} but got ${names[node.kind]}${contents}`,
      { line: node.line },
    );
  }
}

function replaceList(base: Node | undefined, patch: Node | undefined): Node | undefined {
  if (patch === undefined) return base;
  return isNull(patch) ? undefined : patch;
}

type Directive = 'merge' | 'replace' | 'delete';

function parseDirective(node: Node | undefined): Directive {
  const text = scalarText(node);
  if (text === 'merge' || text === 'replace' || text === 'delete') return text;
  throw new KustomizeError(
    'patchFailed',
    `unknown patch strategy '${text}'`,
    node === undefined ? {} : { line: node.line },
  );
}

function takeDirective(map: MapNode): Directive {
  const node = map.get('$patch');
  if (node === undefined) return 'merge';
  const directive = parseDirective(node);
  map.delete('$patch');
  return directive;
}

/** For a list the directive is an element with nothing else in it. */
function takeListDirective(list: SeqNode): Directive {
  const at = list.items.findIndex((item) => item.kind === 'map' && item.has('$patch'));
  const item = list.items[at];
  if (item?.kind !== 'map' || item.size !== 1) return 'merge';
  const directive = parseDirective(item.get('$patch'));
  list.items.splice(at, 1);
  return directive;
}
