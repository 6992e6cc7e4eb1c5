import { Composer } from './composer.ts';
import type { ScalarStyle } from './node.ts';
import { allowedStyles, BLOCK, foldedBlock } from './scalar-writer.ts';

/**
 * Whether kustomize writes a text as a block scalar that it then cannot read: without a hint the indentation is looked
 * for, and found is the tab that the text begins with.
 */
export function isUnreadableBlock(value: string, style: ScalarStyle): boolean {
  if (value.charCodeAt(0) !== 9) return false;
  const block = style === 'literal' || style === 'folded' || (style === 'plain' && value.includes('\n'));
  return block && (allowedStyles(value, true) & BLOCK) !== 0;
}

/**
 * What is left of a folded scalar after kustomize has written it folded and read it again. Its YAML library writes an
 * empty line before every break, also where the next line is indented further and the break would have stood: such
 * breaks double.
 */
export function refolded(value: string): string {
  if (!value.includes('\n') || (allowedStyles(value, true) & BLOCK) === 0) return value;
  const block = foldedBlock(value, 2);
  const text = `k: ${block}${block.endsWith('\n') ? '' : '\n'}`;
  const root = new Composer(text, 'v3', 10, { nodesLeft: 10, copiesLeft: 0 }).document();
  const read = root?.kind === 'map' ? root.get('k') : undefined;
  return read?.kind === 'scalar' ? read.value : value;
}
