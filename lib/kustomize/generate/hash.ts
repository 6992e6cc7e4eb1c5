import { createHash } from 'node:crypto';
import type { ResMap } from '../resource/res-map.ts';
import { type Resource, scalarText } from '../resource/resource.ts';
import { goJsonMarshal, type JsonValue, type Node, toJson } from '../yaml/index.ts';

/** Digits that could spell something are replaced. */
const letters: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };

/** Appends a hash of its content to the name of each generated map, so that a change makes a new name. */
export function addHashSuffixes(map: ResMap): void {
  for (const resource of map.resources) {
    if (!resource.needsHash || !resource.isMarked) continue;
    const suffix = contentHash(resource);
    resource.rememberId();
    resource.setName(`${resource.name}-${suffix}`);
  }
  map.idsChanged();
}

export function contentHash(resource: Resource): string {
  const hex = createHash('sha256')
    .update(goJsonMarshal(hashedContent(resource)))
    .digest('hex');
  return hex.slice(0, 10).replaceAll(/[013ae]/g, (digit) => letters[digit] ?? digit);
}

/** The name is part of it and always empty: what kustomize looks up under `metadata/name` is never there. */
function hashedContent({ node, kind }: Resource): JsonValue {
  if (kind === 'ConfigMap') {
    const binaryData = node.get('binaryData');
    return {
      data: jsonOrEmpty(node.get('data')),
      kind,
      name: '',
      ...(binaryData === undefined ? {} : { binaryData: jsonOrEmpty(binaryData) }),
    };
  }
  if (kind === 'Secret') {
    const stringData = node.get('stringData');
    return {
      data: jsonOrEmpty(node.get('data')),
      kind,
      name: '',
      type: scalarText(node.get('type')),
      ...(stringData === undefined ? {} : { stringData: jsonOrEmpty(stringData) }),
    };
  }
  return toJson(node);
}

function jsonOrEmpty(node: Node | undefined): JsonValue {
  if (node === undefined) return '';
  return node.kind === 'scalar' ? node.value : toJson(node);
}
