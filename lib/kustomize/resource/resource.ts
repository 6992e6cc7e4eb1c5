import { cloneNode, type MapNode, MapNode as Mapping, type Node, scalar } from '../yaml/index.ts';
import { KustomizeError } from '../error.ts';
import type { Origin } from './origin.ts';
import { gvkOf, type KnownGvk } from './gvk.ts';
import { effectiveNamespace, type ResId } from './res-id.ts';

/** How a generated map meets one of the same id that is already there. */
export type Behavior = 'unspecified' | 'create' | 'merge' | 'replace';

/** A name that the resource had before: what other resources may still call it by. */
interface PreviousId {
  readonly name: string;
  readonly namespace: string;
  readonly kind: string;
}

/**
 * kustomize keeps the history of a resource in its annotations: what takes those away takes the history. This entry stands for
 * all of it, and goes when the build ends.
 */
export const historyMark = 'internal.config.kubernetes.io/previousNames';

/** One object of a build with its history. The node is changed in place by the transformers. */
export class Resource {
  readonly node: MapNode;
  /** Oldest first. */
  private previous: PreviousId[] = [];
  /** It was remembered while it had no name: kustomize's lists of names and namespaces then differ in length. */
  private lacksNames = false;
  /** How often an id was remembered, equal ones in a row included. */
  timesRemembered = 0;
  prefixes: string[] = [];
  suffixes: string[] = [];
  /** Gets a suffix made of its content when the build ends. */
  needsHash = false;
  behavior: Behavior = 'unspecified';
  origin: Origin | undefined = undefined;
  /** What has run over it, in order; kept only when the build is asked to note it. */
  transformations: Origin[] = [];
  /** Some scalars stand in several places of the tree, and a change to one is a change to all. */
  sharesScalars = false;
  allowNameChange = false;
  allowKindChange = false;

  constructor(node: MapNode) {
    this.node = node;
  }

  clone(): Resource {
    const copy = new Resource(cloneNode(this.node));
    copy.copyHistory(this);
    copy.behavior = this.behavior;
    copy.allowNameChange = this.allowNameChange;
    copy.allowKindChange = this.allowKindChange;
    return copy;
  }

  copyHistory(from: Resource): void {
    this.previous = [...from.previous];
    this.lacksNames = from.lacksNames;
    this.timesRemembered = from.timesRemembered;
    this.prefixes = [...from.prefixes];
    this.suffixes = [...from.suffixes];
    this.needsHash = from.needsHash;
    this.origin = from.origin;
    this.transformations = [...from.transformations];
  }

  get gvk(): KnownGvk {
    return gvkOf(scalarText(this.node.get('apiVersion')), this.kind);
  }

  get kind(): string {
    return scalarText(this.node.get('kind'));
  }

  get name(): string {
    return scalarText(this.metadata()?.get('name'));
  }

  get namespace(): string {
    return scalarText(this.metadata()?.get('namespace'));
  }

  metadata(): MapNode | undefined {
    const metadata = this.node.get('metadata');
    return metadata?.kind === 'map' ? metadata : undefined;
  }

  currentId(): ResId {
    const metadata = this.metadata();
    return {
      gvk: this.gvk,
      name: scalarText(metadata?.get('name')),
      namespace: scalarText(metadata?.get('namespace')),
    };
  }

  /** Oldest first; kinds may have changed, group and version are always the current ones. */
  previousIds(): ResId[] {
    if (this.previous.length === 0) return [];
    this.forgetUnlessMarked();
    if (this.lacksNames && this.previous.length > 1) {
      throw new KustomizeError(
        'referenceFailed',
        'number of previous names, number of previous namespaces, number of previous kinds not equal',
      );
    }
    const gvk = this.gvk;
    return this.previous.map((id) => ({
      gvk: id.kind === gvk.kind ? gvk : { ...gvk, kind: id.kind, key: `${gvk.group}|${gvk.version}|${id.kind}` },
      name: id.name,
      namespace: id.namespace,
    }));
  }

  get wasRenamed(): boolean {
    return this.previous.length > 0;
  }

  originalId(): ResId {
    return this.previousIds()[0] ?? this.currentId();
  }

  /** Remembers the present name, namespace and kind before one of them changes. */
  rememberId(): void {
    this.mark();
    const id = this.currentId();
    this.timesRemembered++;
    if (id.name === '') this.lacksNames = true;
    const last = this.previous.at(-1);
    const namespace = effectiveNamespace(id);
    // The same id twice in a row tells nothing more, and some transformers remember without changing anything.
    if (last?.name === id.name && last.namespace === namespace && last.kind === id.gvk.kind) return;
    this.previous.push({ name: id.name, namespace, kind: id.gvk.kind });
  }

  /** From here on the resource has annotations, though they are empty to its users. */
  mark(): void {
    this.forgetUnlessMarked();
    this.restoreMark();
  }

  /** Writes the annotations anew, as strings. */
  markAnew(): void {
    this.forgetUnlessMarked();
    this.setAnnotations(this.annotations());
    this.restoreMark();
  }

  /** One step more that has run over it. What lost its origin to a patch counts as made by that step. */
  noteTransformation(step: Origin): void {
    if (this.node.size === 0) return;
    if (!this.isMarked) [this.origin, this.transformations] = [undefined, []];
    if (this.origin === undefined) this.origin = step;
    else this.transformations.push(step);
    this.markAnew();
  }

  get isMarked(): boolean {
    const annotations = this.metadata()?.get('annotations');
    return annotations?.kind === 'map' && annotations.has(historyMark);
  }

  restoreMark(): void {
    const metadata = this.ensureMetadata();
    let annotations = metadata.get('annotations');
    if (annotations?.kind !== 'map') {
      annotations = new Mapping();
      metadata.set('annotations', annotations);
    }
    if (!annotations.has(historyMark)) annotations.append(scalar(historyMark), scalar('x'));
  }

  /** Whether a patch has taken the history away. */
  private forgetUnlessMarked(): void {
    if (this.isMarked) return;
    this.previous = [];
    this.lacksNames = false;
    this.prefixes = [];
    this.suffixes = [];
    this.needsHash = false;
  }

  /** Gives every place a scalar of its own. */
  separateScalars(): void {
    if (!this.sharesScalars) return;
    this.sharesScalars = false;
    for (const [i, value] of this.node.values.entries()) this.node.setAt(i, cloneNode(value));
  }

  setName(name: string): void {
    this.ensureMetadata().set('name', scalar(name));
  }

  setNamespace(namespace: string): void {
    if (namespace === '') this.metadata()?.delete('namespace');
    else this.ensureMetadata().set('namespace', scalar(namespace));
  }

  setKind(kind: string): void {
    this.node.set('kind', scalar(kind));
  }

  labels(): Map<string, string> {
    return stringMap(this.metadata()?.get('labels'));
  }

  annotations(): Map<string, string> {
    return stringMap(this.metadata()?.get('annotations'));
  }

  setLabels(labels: ReadonlyMap<string, string>): void {
    this.setStringMap('labels', labels);
  }

  setAnnotations(annotations: ReadonlyMap<string, string>): void {
    this.setStringMap('annotations', annotations);
  }

  private setStringMap(field: 'labels' | 'annotations', values: ReadonlyMap<string, string>): void {
    if (values.size === 0) {
      this.metadata()?.delete(field);
      return;
    }
    const map = new Mapping();
    for (const [key, value] of values) map.append(scalar(key), scalar(value));
    this.ensureMetadata().set(field, map);
  }

  private ensureMetadata(): MapNode {
    const present = this.metadata();
    if (present !== undefined) return present;
    const created = new Mapping();
    this.node.set('metadata', created);
    return created;
  }
}

export function scalarText(node: Node | undefined): string {
  return node?.kind === 'scalar' && !isNull(node) ? node.value : '';
}

export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.tag === '!!null';
}

/** Labels and annotations as strings, whatever their scalars were. */
export function stringMap(node: Node | undefined): Map<string, string> {
  const map = new Map<string, string>();
  if (node?.kind !== 'map') return map;
  for (const [key, value] of node.entries()) map.set(key, value.kind === 'scalar' ? value.value : '');
  return map;
}
