import { KustomizeError } from '../error.ts';
import { isUntyped, untypedScalar } from '../fields/apply-field-spec.ts';
import type { FieldOptions, Replacement, Selector, SourceSelector, TargetSelector } from '../kustomization/schema.ts';
import { parseLabelSelector } from '../patch/label-selector.ts';
import { anchored } from '../patch/selector.ts';
import { formatGvk, isSelected } from '../resource/gvk.ts';
import { effectiveNamespace, type ResId } from '../resource/res-id.ts';
import type { ResMap } from '../resource/res-map.ts';
import { isNull, type Resource } from '../resource/resource.ts';
import { assignScalar, cloneNode, type Node, ScalarNode } from '../yaml/index.ts';
import { replaceInside } from './embedded.ts';
import { splitReplacementPath } from './field-path.ts';
import { lookup } from './lookup.ts';
import { type CreateKind, findSlots, type Slot } from './slots.ts';

const defaultFieldPath = 'metadata.name';

/** `replacements`: copies a value of one resource into fields of others. */
export function replace(map: ResMap, rule: Replacement): void {
  const { source, sourceValue, targets } = rule;
  if ((source === undefined) === (sourceValue === undefined) || targets === undefined || targets.length === 0) {
    throw new KustomizeError('invalidKustomization', 'replacements must specify a source and at least one target');
  }
  const value = source === undefined ? untypedScalar(sourceValue ?? '') : sourceNode(map, source);
  for (const target of targets) applyToTargets(map, target, value);
  map.idsChanged();
}

const idsOf = (resource: Resource): ResId[] => [resource.currentId(), ...resource.previousIds()];

function sourceNode(map: ResMap, source: SourceSelector): Node {
  const matches = map.resources.filter((resource) => idsOf(resource).some((id) => isSource(id, source)));
  const described = `${formatSelector(source)}${source.fieldPath ? `:${source.fieldPath}` : ''}`;
  const [resource] = matches;
  if (resource === undefined) throw new KustomizeError('transformerFailed', `nothing selected by ${described}`);
  if (matches.length > 1) throw new KustomizeError('transformerFailed', `multiple matches for selector ${described}`);
  const path = source.fieldPath || defaultFieldPath;
  const node = lookup(resource.node, splitReplacementPath(path));
  const isEmpty =
    node === undefined ||
    isNull(node) ||
    (node.kind === 'map' && node.size === 0) ||
    (node.kind === 'seq' && node.items.length === 0);
  if (isEmpty) {
    throw new KustomizeError(
      'transformerFailed',
      `fieldPath \`${path}\` is missing for replacement source ${formatSelector(source)}`,
    );
  }
  return refine(node, source.options);
}

function isSource(id: ResId, source: SourceSelector): boolean {
  const namespace = source.namespace ?? '';
  return (
    (namespace === '' || namespace === effectiveNamespace(id)) &&
    (!source.name || source.name === id.name) &&
    isSelected(id.gvk, source)
  );
}

function formatSelector(selector: SourceSelector): string {
  return `${formatGvk(selector)}/${selector.name || '[noName]'}.${selector.namespace || '[noNs]'}`;
}

/** With a delimiter, one part of the value. */
function refine(node: Node, options: FieldOptions | undefined): Node {
  const delimiter = options?.delimiter ?? '';
  if (delimiter === '') return node;
  if (node.kind !== 'scalar')
    throw new KustomizeError('transformerFailed', 'delimiter option can only be used with scalar nodes');
  const index = options?.index ?? 0;
  const part = node.value.split(delimiter)[index];
  if (part === undefined) {
    throw new KustomizeError('transformerFailed', `options.index ${index} is out of bounds for value ${node.value}`);
  }
  return new ScalarNode(part, node.tag, node.style);
}

function applyToTargets(map: ResMap, target: TargetSelector, value: Node): void {
  if (target.select === undefined)
    throw new KustomizeError('invalidKustomization', 'target must specify resources to select');
  const isSelectedBy = targetTest(target.select);
  const rejects = (target.reject ?? []).flatMap(rejectTests);
  for (const resource of map.resources) {
    if (!isSelectedBy(resource) || rejects.some((rejected) => rejected(resource))) continue;
    copyValue(resource, value, target);
  }
}

/** Unlike in `select`, the id is one reason to reject, and labels with annotations are another. */
function rejectTests(selector: Selector): ((resource: Resource) => boolean)[] {
  const { labelSelector, annotationSelector, ...id } = selector;
  const tests: ((resource: Resource) => boolean)[] = [];
  if (Object.values(id).some(Boolean)) tests.push(targetTest(id));
  if (labelSelector || annotationSelector) {
    tests.push(
      targetTest({ ...(labelSelector && { labelSelector }), ...(annotationSelector && { annotationSelector }) }),
    );
  }
  return tests;
}

/** Unlike patch targets, these see the namespace as it is written: `default` is not the empty one. */
function targetTest(selector: Selector): (resource: Resource) => boolean {
  const name = anchored(selector.name);
  const namespace = anchored(selector.namespace);
  const [group, version, kind] = [anchored(selector.group), anchored(selector.version), anchored(selector.kind)];
  const labels = selector.labelSelector ? parseLabelSelector(selector.labelSelector) : undefined;
  const annotations = selector.annotationSelector ? parseLabelSelector(selector.annotationSelector) : undefined;
  const isMeant = (id: ResId): boolean =>
    kind(id.gvk.kind) && group(id.gvk.group) && version(id.gvk.version) && name(id.name) && namespace(id.namespace);
  return (resource) =>
    idsOf(resource).some(isMeant) &&
    (labels === undefined || labels(resource.labels())) &&
    (annotations === undefined || annotations(resource.annotations()));
}

function copyValue(resource: Resource, value: Node, target: TargetSelector): void {
  const paths =
    target.fieldPaths === undefined || target.fieldPaths.length === 0 ? [defaultFieldPath] : target.fieldPaths;
  const create: CreateKind = target.options?.create ? value.kind : undefined;
  for (const path of paths) {
    const problem = `unable to find ${create === undefined ? '' : 'or create '}field ${JSON.stringify(path)} in replacement target`;
    const parts = splitReplacementPath(path);
    if (replaceInside(resource.node, parts, value, create, lookup)) continue;
    let slots: Slot[];
    try {
      // A scalar at the root could only be replaced whole, and a resource is a map.
      slots = findSlots({ node: resource.node, set: (): void => {} }, parts, create);
    } catch (error) {
      throw error instanceof KustomizeError ? error.wrap(problem) : error;
    }
    if (slots.length === 0) throw new KustomizeError('transformerFailed', problem);
    for (const slot of slots) setSlot(slot, value, target.options);
  }
}

function setSlot(slot: Slot, source: Node, options: FieldOptions | undefined): void {
  const old = slot.node;
  const value = cloneNode(source);
  const delimiter = options?.delimiter ?? '';
  if (delimiter !== '') {
    if (old.kind !== 'scalar')
      throw new KustomizeError('transformerFailed', 'delimiter option can only be used with scalar nodes');
    const joined = insertPart(old.value.split(delimiter), scalarValue(value), options?.index ?? 0).join(delimiter);
    setText(old, joined);
    return;
  }
  if (old.kind === 'scalar') setText(old, scalarValue(value));
  else slot.set(value);
}

const scalarValue = (node: Node): string => (node.kind === 'scalar' ? node.value : '');

/** In place. A scalar keeps its own type: a number put into a string is quoted, a string put into a number is not. */
function setText(old: ScalarNode, text: string): void {
  if (old.tag === '' || isUntyped(old)) assignScalar(old, untypedScalar(text));
  else old.value = text;
}

function insertPart(parts: readonly string[], value: string, index: number): string[] {
  if (index < 0) return [value, ...parts];
  return index >= parts.length ? [...parts, value] : parts.map((part, i) => (i === index ? value : part));
}
