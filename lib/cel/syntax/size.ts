import type { Node } from './ast.ts';

/** The longest way from the root down: what the stack holds with room to spare. */
export const maxHeight = 500;
/** Macros repeat their target, so a chain of `optMap` doubles with every link. */
export const maxNodes = 50_000;

/** Whether a tree may be walked by recursion; a part that stands in several places counts in each. */
export function isBounded(root: Node): boolean {
  const open: { readonly node: Node; readonly height: number }[] = [{ node: root, height: 1 }];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, height } = next;
    count += 1;
    if (height > maxHeight || count > maxNodes) return false;
    for (const child of childrenOf(node)) open.push({ node: child, height: height + 1 });
  }
  return true;
}

/** The parts of a node, in the order in which they are written. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'constant':
    case 'identifier':
    case 'message':
      return [];
    case 'select':
      return [node.operand];
    case 'call':
      return node.target === undefined ? node.args : [node.target, ...node.args];
    case 'list':
      return node.items.map(({ value }) => value);
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'comprehension':
      return [node.range, node.init, node.condition, node.step, node.result];
  }
}
