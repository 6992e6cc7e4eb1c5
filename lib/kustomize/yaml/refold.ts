import { Composer } from './composer.ts';
import { allowedStyles, BLOCK, foldedBlock } from './scalar-writer.ts';

/**
 * What is left of a folded scalar after kustomize has written it folded and read it again. Its YAML library writes an
 * empty line before every break, also where the next line is indented further and the break would have stood: such
 * breaks double.
 */
export function refolded(value: string): string {
  if (!value.includes('\n') || (allowedStyles(value, true) & BLOCK) === 0) return value;
  const text = `k: ${foldedBlock(value, 2)}\n`;
  const root = new Composer(text, 'v3', 10, { nodesLeft: 10 }).document();
  const read = root?.kind === 'map' ? root.get('k') : undefined;
  return read?.kind === 'scalar' ? read.value : value;
}
