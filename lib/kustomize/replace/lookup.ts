import { KustomizeError } from '../error.ts';
import { isNull } from '../resource/resource.ts';
import type { MapNode, Node } from '../yaml/index.ts';
import { isIndex, parseElementMatch } from './field-path.ts';
import { wrongKind } from './slots.ts';

/** Reads one node; nothing is created, and `-` means the last element of a list. */
export function lookup(root: MapNode, path: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const part of path) {
    if (node === undefined || isNull(node)) return undefined;
    if (part === '*') throw lookupFailed('wildcard is not supported in PathGetter');
    const match = parseElementMatch(part);
    if (part === '-' || isIndex(part) || match !== undefined) {
      if (node.kind !== 'seq') throw lookupFailed(wrongKind('SequenceNode', node).message);
      node = match === undefined ? node.items.at(part === '-' ? -1 : Number(part)) : elementWith(node.items, match);
    } else {
      if (node.kind !== 'map') throw lookupFailed(wrongKind('MappingNode', node).message);
      node = node.get(part);
    }
  }
  return node;
}

const lookupFailed = (reason: string): KustomizeError =>
  new KustomizeError('transformerFailed', `error looking up replacement source: ${reason}`);

function elementWith(items: readonly Node[], { key, value }: { key: string; value: string }): Node | undefined {
  return items.find((item) => {
    const field = key === '' ? item : item.kind === 'map' ? item.get(key) : undefined;
    return field?.kind === 'scalar' && field.value === value;
  });
}
