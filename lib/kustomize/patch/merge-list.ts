import { KustomizeError } from '../error.ts';
import { isNull } from '../resource/resource.ts';
import { type Node, scalar } from '../yaml/index.ts';

/** Merges an element of a list; either side may be absent, and so may the result. */
export type ElementMerge = (base: Node | undefined, patch: Node | undefined) => Node | undefined;

/** A list of scalars that merges is a set: those of the patch first. */
export function mergeScalars(ours: readonly Node[], theirs: readonly Node[]): Node[] {
  const merged = new Map<string, Node>();
  for (const item of [...theirs, ...ours]) if (item.kind === 'scalar' && !isNull(item)) merged.set(item.value, item);
  return [...merged.values()];
}

/** Values of the merge keys of one element, in the order of the keys; empty where the element lacks one. */
type Values = readonly string[];

/**
 * Merges lists whose elements are told apart by keys: elements of the patch come first, in its order, then what remains of
 * the base. The steps are kyaml's one by one, because their odd ends show in the output: of base elements with the same
 * keys the last stays; an element without the key empties the list; with two keys, elements that agree on one and lack
 * the other on one side count as the same, and the one without is dropped.
 */
export function mergeKeyedLists(
  keys: readonly string[],
  ours: readonly Node[],
  theirs: readonly Node[] | undefined,
  merge: ElementMerge,
): Node[] {
  const patch = theirs ?? [];
  const values = distinctValues(keys, theirs === ours ? ours : [...patch, ...ours]);
  if (values.length === 0) return [...ours];
  if (keys.length === 1 && values.every(([value]) => value !== ''))
    return mergeByOneKey(keys[0] ?? '', values, ours, theirs, merge);

  const unified = keys.length > 1 ? unify(values) : values;
  const used = keys.filter((_, i) => unified.some((value) => value[i] !== ''));
  const validKeys = used.length === 0 ? keys : used;
  let base = [...ours];
  let added: Node[] = [];
  for (const value of unified) {
    const valid = used.length === 0 ? value : value.filter((v, i) => v !== '' || used.includes(keys[i] ?? ''));
    const element = merge(
      find(base, validKeys, valid),
      theirs === undefined ? undefined : find(patch, validKeys, valid),
    );
    if (element === undefined || isNull(element) || (element.kind === 'map' && element.size === 0)) {
      base = put(base, undefined, validKeys, valid);
      continue;
    }
    validKeys.forEach((key, i) => {
      const text = valid[i] ?? '';
      if (element.kind === 'map' && !element.has(key) && text !== '') element.set(key, scalar(text));
    });
    added = put(added, element, validKeys, valid);
  }
  return append(added, base, validKeys);
}

/** The same result for the usual case, without comparing each element with each other. */
function mergeByOneKey(
  key: string,
  values: readonly Values[],
  ours: readonly Node[],
  theirs: readonly Node[] | undefined,
  merge: ElementMerge,
): Node[] {
  const first = firstByKey(key, ours);
  const patches = theirs === undefined ? undefined : firstByKey(key, theirs);
  const merged = new Map<string, Node>();
  const gone = new Set<string>();
  for (const [value = ''] of values) {
    const element = merge(first.get(value), patches?.get(value));
    if (element === undefined || isNull(element) || (element.kind === 'map' && element.size === 0)) gone.add(value);
    else merged.set(value, element);
  }
  for (const item of ours) {
    requireMap(item);
    const value = textOf(item, key);
    // The element of the base is put back over what was merged: the same node, unless the patch has replaced it.
    if (value !== undefined && !gone.has(value)) merged.set(value, item);
  }
  return [...merged.values()];
}

/** Only what stands in the base is looked at so closely. */
function requireMap(item: Node): void {
  if (item.kind === 'map' || isNull(item)) return;
  const got = item.kind === 'scalar' ? `ScalarNode: node contents:\n${item.value}\n` : 'SequenceNode';
  throw new KustomizeError('patchFailed', `wrong node kind: expected MappingNode but got ${got}`, { line: item.line });
}

function firstByKey(key: string, items: readonly Node[]): Map<string, Node> {
  const index = new Map<string, Node>();
  for (const item of items) {
    const value = textOf(item, key);
    if (value !== undefined && !index.has(value)) index.set(value, item);
  }
  return index;
}

function textOf(item: Node, key: string): string | undefined {
  const value = item.kind === 'map' ? item.get(key) : undefined;
  return value === undefined ? undefined : value.kind === 'scalar' ? value.value : '';
}

function distinctValues(keys: readonly string[], items: readonly Node[]): Values[] {
  const seen = new Map<string, Values>();
  for (const item of items) {
    const values = keys.map((key) => {
      const value = item.kind === 'map' ? item.get(key) : undefined;
      return value?.kind === 'scalar' && !isNull(value) ? value.value : '';
    });
    const id = values.join('\0');
    if (!seen.has(id)) seen.set(id, values);
  }
  return [...seen.values()];
}

function unify(values: readonly Values[]): Values[] {
  const unified = [...values];
  for (let i = 0; i < unified.length; i++) {
    // The element to compare with is the one at the start of the round, whatever the round makes of it.
    const left = unified[i];
    for (let j = 0; j < unified.length; j++) {
      const right = unified[j];
      const both = left === undefined || right === undefined ? undefined : union(left, right);
      if (both !== undefined) unified[i] = unified[j] = both;
    }
  }
  return unified;
}

/** Defined when both have a value in common and differ only where one is empty. */
function union(a: Values, b: Values): Values | undefined {
  let common = false;
  const values: string[] = [];
  for (let i = 0; i < a.length; i++) {
    const [x = '', y = ''] = [a[i], b[i]];
    if (x === y) common = true;
    else if (x !== '' && y !== '') return undefined;
    values.push(x === '' ? y : x);
  }
  return common ? values : undefined;
}

/** An empty value asks only that the key be there; a key beyond the values is not looked at. */
function matches(item: Node, keys: readonly string[], values: Values): boolean {
  if (item.kind !== 'map' || values.length === 0) return false;
  return keys.every((key, i) => {
    if (i >= values.length) return true;
    const value = item.get(key);
    return value !== undefined && (values[i] === '' || (value.kind === 'scalar' && value.value === values[i]));
  });
}

/** Looks by the keys that have a value; for keys that are there and empty when none has. */
function find(items: readonly Node[], keys: readonly string[], values: Values): Node | undefined {
  const set = keys.filter((_, i) => (values[i] ?? '') !== '');
  const wanted = set.length === 0 ? keys.map(() => '') : values.filter((value) => value !== '');
  return items.find((item) => (set.length === 0 ? keys : set).every((key, i) => textOf(item, key) === wanted[i]));
}

/** Replaces every element that matches, or appends; without an element, removes them. */
function put(items: readonly Node[], element: Node | undefined, keys: readonly string[], values: Values): Node[] {
  const result: Node[] = [];
  let found = false;
  for (const item of items) {
    if (isNull(item) || (item.kind === 'map' && item.size === 0)) continue;
    if (item.kind !== 'map') result.push(item);
    else if (!matches(item, keys, values)) {
      // kyaml forgets the elements that do not match when it has no value to look for.
      if (values.length > 0) result.push(item);
    } else {
      found = true;
      if (element !== undefined) result.push(element);
    }
  }
  if (element !== undefined && !found) result.push(element);
  return result;
}

function append(added: readonly Node[], base: readonly Node[], keys: readonly string[]): Node[] {
  let result = [...added];
  for (const item of base) {
    requireMap(item);
    const values: string[] = [];
    for (const key of keys) {
      const value = item.kind === 'map' ? item.get(key) : undefined;
      if (value === undefined) result.push(item);
      else values.push(value.kind === 'scalar' ? value.value : '');
    }
    if (keys.length > 1) result = put(result, undefined, keys, values);
    result = put(result, item, keys, values);
  }
  return result;
}
