import { KustomizeError } from '../error.ts';
import type { ReplacementField } from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';
import type { ResMap } from '../resource/res-map.ts';

export function loadReplacements(_rules: readonly ReplacementField[], _loader: Loader): (map: ResMap) => void {
  throw new KustomizeError('unsupported', "field 'replacements' is not supported yet");
}
