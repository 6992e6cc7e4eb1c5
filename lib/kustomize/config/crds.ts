import { KustomizeError } from '../error.ts';
import type { FieldSpec } from '../kustomization/schema.ts';
import { type MapNode, type Node, readYamlV2, YamlError } from '../yaml/index.ts';
import type { NameReferenceData, TransformerConfigData } from './transformer-config.ts';

/** Marks of a property in the definitions that `crds` names: what a transformer may do with the field. */
const marks = {
  annotations: 'x-kubernetes-annotation',
  labels: 'x-kubernetes-label-selector',
  identity: 'x-kubernetes-identity',
  version: 'x-kubernetes-object-ref-api-version',
  kind: 'x-kubernetes-object-ref-kind',
  nameKey: 'x-kubernetes-object-ref-name-key',
} as const;

interface Collected {
  readonly commonAnnotations: FieldSpec[];
  readonly commonLabels: FieldSpec[];
  readonly namePrefix: FieldSpec[];
  readonly nameReference: NameReferenceData[];
}

/**
 * The fields of custom resources that a file of OpenAPI definitions (name to `{Schema: ...}`) marks.
 * @throws KustomizeError when the text is no map
 */
export function parseCrds(text: string, path: string): TransformerConfigData {
  const definitions = readDefinitions(text, path);
  const found: Collected = { commonAnnotations: [], commonLabels: [], namePrefix: [], nameReference: [] };
  for (const name of definitions.keys()) {
    const properties = propertiesOf(definitions, name);
    if (!['kind', 'apiVersion', 'metadata'].every((field) => properties?.has(field))) continue;
    collect(definitions, name, [], { kind: name.slice(name.lastIndexOf('.') + 1), found, visiting: new Set() });
  }
  return found;
}

function readDefinitions(text: string, path: string): MapNode {
  try {
    const node = readYamlV2(text, { path });
    if (node.kind === 'map') return node;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw unreadable(path, error.message);
  }
  throw unreadable(path, 'expected a map of definitions');
}

const unreadable = (path: string, reason: string): KustomizeError =>
  new KustomizeError(
    'invalidKustomization',
    `loading CRDs [${path}]: unable to parse open API definition from '${path}': ${reason}`,
    { path },
  );

/** Go finds JSON fields in any case: `Schema` is usual, `schema` works. */
function field(node: Node | undefined, name: string): Node | undefined {
  if (node?.kind !== 'map') return undefined;
  const exact = node.get(name);
  if (exact !== undefined) return exact;
  for (const [key, value] of node.entries()) if (key.toLowerCase() === name) return value;
  return undefined;
}

function propertiesOf(definitions: MapNode, name: string): MapNode | undefined {
  const properties = field(field(definitions.get(name), 'schema'), 'properties');
  return properties?.kind === 'map' ? properties : undefined;
}

function textAt(property: MapNode, mark: string): string | undefined {
  const node = property.get(mark);
  return node?.kind === 'scalar' && node.tag === '!!str' ? node.value : undefined;
}

function collect(
  definitions: MapNode,
  name: string,
  path: readonly string[],
  scope: { readonly kind: string; readonly found: Collected; readonly visiting: Set<string> },
): void {
  const { kind, found, visiting } = scope;
  const properties = propertiesOf(definitions, name);
  // A definition that contains itself has no end: kustomize overflows its stack there.
  if (properties === undefined || visiting.has(name)) return;
  visiting.add(name);
  for (const [key, property] of properties.entries()) {
    if (property.kind !== 'map') continue;
    const spec = (...more: readonly string[]): FieldSpec => ({ kind, path: [...path, key, ...more].join('/') });
    if (textAt(property, marks.annotations) !== undefined) found.commonAnnotations.push(spec());
    if (textAt(property, marks.labels) !== undefined) found.commonLabels.push(spec());
    if (textAt(property, marks.identity) !== undefined) found.namePrefix.push(spec());
    const version = textAt(property, marks.version);
    const target = textAt(property, marks.kind);
    if (version !== undefined && target !== undefined) {
      const fieldSpecs = [spec(textAt(property, marks.nameKey) ?? 'name')];
      found.nameReference.push({ version, kind: target, fieldSpecs });
    }
    const reference = textAt(property, '$ref');
    if (reference !== undefined) collect(definitions, reference, [...path, key], scope);
  }
  visiting.delete(name);
}
