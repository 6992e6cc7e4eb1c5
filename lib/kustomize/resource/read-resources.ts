import { KustomizeError } from '../error.ts';
import { cloneNode, MapNode, type Node, readDocuments, scalar, YamlError } from '../yaml/index.ts';
import { historyMark, isNull, Resource, scalarText, stringMap } from './resource.ts';

/** Parsed documents of texts seen before: shared between builds by a caller that keeps it. */
export class ParseCache {
  private readonly entries = new Map<string, readonly Node[]>();
  private readonly maxChars: number;
  private chars = 0;

  /** @param maxChars most source text kept, in UTF-16 code units; the longest unused goes first */
  constructor(maxChars: number) {
    this.maxChars = maxChars;
  }

  documents(text: string, path?: string): readonly Node[] {
    const hit = this.entries.get(text);
    if (hit !== undefined) {
      this.entries.delete(text);
      this.entries.set(text, hit);
      return hit.map((node) => cloneNode(node));
    }
    const nodes = readDocuments(text, path === undefined ? {} : { path });
    if (text.length > this.maxChars) return nodes;
    this.entries.set(
      text,
      nodes.map((node) => cloneNode(node)),
    );
    this.chars += text.length;
    for (const oldest of this.entries.keys()) {
      if (this.chars <= this.maxChars) break;
      this.entries.delete(oldest);
      this.chars -= oldest.length;
    }
    return nodes;
  }
}

/**
 * The resources of a text: its documents, lists expanded in place.
 * @param path names the file in errors
 * @throws KustomizeError 'malformedYaml' | 'invalidResource'
 */
export function readResources(text: string, cache?: ParseCache, path?: string): Resource[] {
  let documents: readonly Node[];
  try {
    documents =
      cache === undefined ? readDocuments(text, path === undefined ? {} : { path }) : cache.documents(text, path);
  } catch (error) {
    throw malformed(error, path);
  }
  return expandLists(documents).map((node) => {
    requireIdentity(node);
    return new Resource(node);
  });
}

function malformed(error: unknown, path: string | undefined): unknown {
  if (!(error instanceof YamlError)) return error;
  return new KustomizeError(
    'malformedYaml',
    path === undefined ? error.message : `MalformedYAMLError: ${error.message} in File: ${path}`,
    {
      ...(path === undefined ? {} : { path }),
      line: error.line,
      cause: error,
    },
  );
}

/** The items of a list come after all that stands beside it, as kustomize queues them. */
function expandLists(documents: readonly Node[]): MapNode[] {
  const queue = [...documents];
  const resources: MapNode[] = [];
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at];
    if (node === undefined || isNull(node) || (node.kind === 'map' && node.size === 0)) continue;
    if (node.kind !== 'map') {
      throw new KustomizeError('invalidResource', 'missing Resource metadata', { line: node.line });
    }
    const kind = scalarText(node.get('kind'));
    const items = kind.endsWith('List') ? node.get('items') : undefined;
    if (items === undefined) resources.push(node);
    else if (items.kind === 'seq') queue.push(...items.items.map(throughJson));
    else if (!isNull(items)) {
      throw new KustomizeError('invalidResource', `expected a list of items in ${kind}`, { line: items.line });
    }
  }
  return resources;
}

/** An item of a list passes through JSON: its strings count as quoted from there on. */
function throughJson(node: Node): Node {
  switch (node.kind) {
    case 'scalar':
      if (node.tag === '!!str') node.style = 'double';
      break;
    case 'map':
      for (const value of node.values) throughJson(value);
      break;
    case 'seq':
      for (const item of node.items) throughJson(item);
      break;
  }
  return node;
}

export function requireIdentity(node: MapNode): void {
  const kind = scalarText(node.get('kind'));
  if (kind === '')
    throw new KustomizeError('invalidResource', `missing kind in object ${describe(node)}`, { line: node.line });
  // A kind that is a list by its name but has no items may be anything, even nameless.
  if (kind.endsWith('List')) return;
  const metadata = node.get('metadata');
  const name = metadata?.kind === 'map' ? scalarText(metadata.get('name')) : '';
  if (name === '')
    throw new KustomizeError('invalidResource', `missing metadata.name in object ${describe(node)}`, {
      line: node.line,
    });
}

/** A resource's type and metadata as Go prints them. */
function describe(node: MapNode): string {
  const metadata = node.get('metadata');
  const field = (name: string): Node | undefined => (metadata?.kind === 'map' ? metadata.get(name) : undefined);
  const map = (name: string): string =>
    `map[${[...stringMap(field(name))]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${k}:${v}`)
      .join(' ')}]`;
  const type = `{${scalarText(node.get('apiVersion'))} ${scalarText(node.get('kind'))}}`;
  return `{${type} {{${scalarText(field('name'))} ${scalarText(field('namespace'))}} ${map('labels')} ${map('annotations')}}}`;
}

/** kustomize keeps notes of its own in the annotations, and so rewrites them all as strings. */
function stringifyAnnotations(node: MapNode): void {
  const metadata = node.get('metadata');
  const annotations = metadata?.kind === 'map' ? metadata.get('annotations') : undefined;
  if (annotations?.kind !== 'map') return;
  for (let i = 0; i < annotations.values.length; i++) {
    const value = annotations.values[i];
    if (value === undefined || (value.kind === 'scalar' && value.tag === '!!str')) continue;
    annotations.setAt(i, scalar(annotationText(value)));
  }
}

function annotationText(value: Node): string {
  return value.kind === 'scalar' ? value.value : '';
}

/** The last step of a build: annotations are strings, and no empty ones are left. */
export function finishAnnotations(node: MapNode): void {
  const metadata = node.get('metadata');
  if (metadata?.kind !== 'map') return;
  const annotations = metadata.get('annotations');
  if (annotations === undefined) return;
  if (annotations.kind === 'map') annotations.delete(historyMark);
  if (annotations.kind !== 'map' || annotations.size === 0) metadata.delete('annotations');
  else stringifyAnnotations(node);
}
