import { MapNode, type Node, readYamlV2, scalar, SeqNode } from '../yaml/index.ts';
import { KustomizeError } from '../error.ts';
import { kustomizationFieldNames } from './schema.ts';

/**
 * A kustomization file as a map of the fields that kustomize knows, the unknown ones dropped: for a program that adds
 * fields of its own and builds the result (`BuildOptions.kustomizationOverride`) or prints it.
 * @throws YamlError when the text is no YAML; KustomizeError when it holds something other than a map
 */
export function readKustomizationLenient(text: string): MapNode {
  const node = readYamlV2(text);
  if (node.kind === 'scalar' && node.tag === '!!null') return new MapNode();
  if (node.kind !== 'map') {
    throw new KustomizeError(
      'invalidKustomization',
      `cannot read kustomization: it is a ${node.kind}, expected a map`,
      { line: node.line },
    );
  }
  const byLowerCase = new Map(kustomizationFieldNames.map((name) => [name.toLowerCase(), name]));
  const known = new MapNode();
  for (const [key, value] of node.entries()) {
    const name = byLowerCase.get(key.toLowerCase());
    if (name !== undefined) known.set(name, value);
  }
  return known;
}

/** Appends to a list field, creating it. */
export function appendToField(file: MapNode, field: string, items: readonly Node[]): void {
  if (items.length === 0) return;
  const list = file.get(field);
  if (list?.kind === 'seq') list.items.push(...items);
  else file.set(field, listNode(items));
}

function listNode(items: readonly Node[]): Node {
  return new SeqNode([...items]);
}

/** The `resources` of a new file. */
export function newKustomization(resources: readonly string[]): MapNode {
  const file = new MapNode();
  file.set('apiVersion', scalar('kustomize.config.k8s.io/v1beta1'));
  file.set('kind', scalar('Kustomization'));
  file.set('resources', listNode(resources.map((path) => scalar(path))));
  return file;
}
