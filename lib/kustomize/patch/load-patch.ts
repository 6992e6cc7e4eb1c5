import { KustomizeError } from '../error.ts';
import type { PatchRule } from '../kustomization/schema.ts';
import type { Loader } from '../load/loader.ts';
import { readResources } from '../resource/read-resources.ts';
import type { ResMap } from '../resource/res-map.ts';
import type { Resource } from '../resource/resource.ts';
import { applyJsonPatch, type JsonOperation, parseJsonPatch } from './json6902.ts';
import { select } from './selector.ts';
import type { OpenApi } from './open-api.ts';
import { applyToNamed, applyToSelected, asTargeted } from './strategic-merge.ts';

type PatchStep = (map: ResMap) => void;

interface PatchSource {
  readonly text: string;
  /** As errors name it. */
  readonly name: string;
}

function readSource(rule: PatchRule, loader: Loader): PatchSource {
  const inline = (rule.patch ?? '').trim();
  if (inline === '' && !rule.path)
    throw new KustomizeError('invalidKustomization', 'must specify one of patch and path in\n');
  if (inline !== '' && rule.path)
    throw new KustomizeError('invalidKustomization', "patch and path can't be set at the same time\n");
  if (inline !== '') return { text: inline, name: `[patch: ${JSON.stringify(inline)}]` };
  const path = rule.path ?? '';
  try {
    return { text: loader.readText(path), name: `[path: "${path}"]` };
  } catch (error) {
    throw error instanceof KustomizeError ? error.wrap(`failed to get the patch file from path(${path})`) : error;
  }
}

/** An entry of `patches`: strategic or JSON6902 is decided by what the text can be read as. */
export function loadPatch(rule: PatchRule, loader: Loader, openApi: OpenApi): PatchStep {
  const source = readSource(rule, loader);
  const strategic = attempt(() => readResources(source.text));
  const operations = attempt(() => parseJsonPatch(source.text));
  if (
    strategic.value !== undefined &&
    operations.value !== undefined &&
    strategic.value.length > 0 &&
    operations.value.length > 0
  ) {
    throw new KustomizeError(
      'invalidKustomization',
      `illegally qualifies as both an SM and JSON patch: ${source.name}`,
    );
  }
  if (strategic.value !== undefined) return strategicStep(strategic.value, rule, source, openApi);
  if (operations.value !== undefined) return jsonStep(operations.value, rule, source, true);
  throw new KustomizeError('invalidKustomization', `unable to parse SM or JSON patch from ${source.name}`, {
    ...(rule.path === undefined ? {} : { path: rule.path }),
    cause: strategic.error,
  });
}

function attempt<T>(work: () => T): { value?: T; error?: KustomizeError } {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof KustomizeError) return { error };
    throw error;
  }
}

function strategicStep(
  patches: readonly Resource[],
  rule: PatchRule,
  source: PatchSource,
  openApi: OpenApi,
): PatchStep {
  for (const patch of patches) {
    patch.allowNameChange = rule.options?.allowNameChange ?? false;
    patch.allowKindChange = rule.options?.allowKindChange ?? false;
  }
  const { target } = rule;
  if (target === undefined) return (map) => patches.forEach((patch) => applyToNamed(map, patch, openApi.mergeSchema));
  const [patch] = patches;
  if (patches.length > 1) {
    throw new KustomizeError(
      'invalidKustomization',
      `Multiple Strategic-Merge Patches in one \`patches\` entry is not allowed to set \`patches.target\` field: ${source.name}`,
    );
  }
  return (map) => {
    if (patch === undefined) return;
    applyToSelected(select(map, target), patch, openApi.mergeSchema);
    map.dropEmpty();
    map.requireRegistrable();
  };
}

function jsonStep(
  operations: readonly JsonOperation[],
  rule: PatchRule,
  source: PatchSource,
  remembers: boolean,
): PatchStep {
  const { target } = rule;
  if (target === undefined)
    throw new KustomizeError('invalidKustomization', `must specify a target for JSON patch ${source.name}`);
  return (map) => {
    for (const resource of select(map, target)) {
      if (remembers) resource.rememberId();
      const isMarked = resource.isMarked;
      resource.separateScalars();
      applyJsonPatch(resource.node, operations);
      resource.setAnnotations(resource.annotations());
      if (isMarked) resource.restoreMark();
    }
    map.idsChanged();
  };
}

/** `patchesStrategicMerge`: each entry is a path, or the patch itself. */
export function loadStrategicPatches(sources: readonly string[], loader: Loader, openApi: OpenApi): PatchStep {
  const patches = sources.flatMap((source) => {
    const inline = attempt(() => readResources(source));
    return inline.value ?? readResources(loader.readText(source), undefined, source);
  });
  if (patches.length === 0) {
    const message = `patch appears to be empty; files=[${sources.join(' ')}], Patch=`;
    throw new KustomizeError('invalidKustomization', message);
  }
  return (map) => {
    for (const patch of patches) {
      applyToNamed(map, asTargeted(patch), openApi.mergeSchema);
      map.dropEmpty();
      map.requireRegistrable();
    }
  };
}

/** An entry of `patchesJson6902`. */
export function loadTargetedJsonPatch(rule: PatchRule, loader: Loader): PatchStep {
  if (!rule.target?.name) throw new KustomizeError('invalidKustomization', 'must specify the target name');
  const source = readSource(rule, loader);
  const operations = parseJsonPatch(source.text);
  if (operations.length === 0) {
    const message = `patch appears to be empty; file=${rule.path ?? ''}, JsonOp=${rule.patch ?? ''}`;
    throw new KustomizeError('invalidKustomization', message);
  }
  return jsonStep(operations, rule, source, false);
}
