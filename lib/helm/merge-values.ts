import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, visit, YAMLMap } from 'yaml';
import { HelmError } from './helm-error.ts';

/** A values file with its name, for messages. */
export interface ValuesFile {
  readonly name: string;
  readonly content: Buffer;
}

/** Scalars stay as they are written: nothing is read as another type than Helm would, and printed as that. */
const asWritten = { schema: 'failsafe', merge: false, keepSourceTokens: false } as const;

/**
 * Merges values files into one: maps key by key, everything else is replaced by the later file.
 * @throws HelmError 'badValues'
 */
export function mergeValues(files: readonly ValuesFile[]): Buffer {
  let merged: Document<Node> | undefined;
  for (const { name, content } of files) {
    const document = parseValues(name, content);
    if (merged === undefined) merged = document;
    else merged.contents = mergeNodes(merged.contents, document.contents);
  }
  return Buffer.from(merged === undefined ? '' : merged.toString({ lineWidth: 0 }));
}

function parseValues(name: string, content: Buffer): Document<Node> {
  const document = parseDocument<Node>(content.toString('utf8'), asWritten);
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new HelmError(
      'badValues',
      `unmarshaling values from '${name}' failed: ${problem.message.split('\n')[0] ?? ''}`,
    );
  }
  const { contents } = document;
  const isEmpty = contents === null || (isScalar(contents) && (contents.value === '' || contents.value === null));
  if (isEmpty) document.contents = new YAMLMap();
  else if (!isMap(contents))
    throw new HelmError('badValues', `unmarshaling values from '${name}' failed: it is no map`);
  resolveAliases(document, name);
  return document;
}

/** An anchor may be replaced while its aliases stay: so each alias becomes a copy of what it stands for. */
function resolveAliases(document: Document<Node>, name: string): void {
  let copies = 0;
  visit(document, {
    Alias(_key, alias) {
      if (++copies > 1000)
        throw new HelmError('badValues', `unmarshaling values from '${name}' failed: too many aliases`);
      const target = alias.resolve(document);
      if (target === undefined)
        throw new HelmError('badValues', `unmarshaling values from '${name}' failed: an alias has no anchor`);
      const copy: unknown = target.clone();
      return isMap(copy) || isSeq(copy) || isScalar(copy) ? copy : undefined;
    },
  });
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node) && 'anchor' in node) delete node.anchor;
    },
  });
}

function mergeNodes(below: Node | null, above: Node | null): Node | null {
  if (!isMap(below) || !isMap(above)) return above;
  for (const pair of above.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const index = below.items.findIndex((known) => isScalar(known.key) && String(known.key.value) === key);
    const known = below.items[index];
    if (known === undefined) below.items.push(pair);
    else known.value = mergeNodes(asNode(known.value), asNode(pair.value));
  }
  return below;
}

function asNode(value: unknown): Node | null {
  return isScalar(value) || isMap(value) || isSeq(value) ? value : null;
}
