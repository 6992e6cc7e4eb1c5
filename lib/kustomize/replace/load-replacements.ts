import { KustomizeError } from '../error.ts';
import { type Decoder, listOf } from '../kustomization/decode.ts';
import { replacement, type Replacement, type ReplacementField } from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';
import type { ResMap } from '../resource/res-map.ts';
import { readYamlV2, YamlError } from '../yaml/index.ts';
import { replace } from './replacements.ts';

/** The `replacements` of a kustomization, those in files of their own read in. */
export function loadReplacements(rules: readonly ReplacementField[], loader: Loader): (map: ResMap) => void {
  const replacements = rules.flatMap((rule) => load(rule, loader));
  return (map) => {
    for (const rule of replacements) replace(map, rule);
  };
}

const several: Decoder<Replacement[]> = listOf(replacement);

function load(rule: ReplacementField, loader: Loader): readonly Replacement[] {
  const { path, ...inline } = rule;
  if (!path) return [inline];
  if (rule.source !== undefined || rule.targets !== undefined || rule.sourceValue !== undefined) {
    throw new KustomizeError('invalidKustomization', 'cannot specify both path and inline replacement');
  }
  const text = loader.readText(path);
  try {
    const node = readYamlV2(text, { path: loader.resolve(path) });
    const at = { struct: '', path: '' };
    return node.kind === 'seq' ? several.decode(node, at) : [replacement.decode(node, at)];
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new KustomizeError('invalidKustomization', error.message, {
      path: loader.resolve(path),
      line: error.line,
      cause: error,
    });
  }
}
