import { KustomizeError } from '../error.ts';
import type { Loader } from '../load/loader.ts';
import { type MapNode, type Node, readYamlV2, YamlError } from '../yaml/index.ts';
import { kustomization, type Kustomization } from './schema.ts';

/** File names of a kustomization, in the order they are looked for. */
export const recognisedKustomizationNames: readonly string[] = [
  'kustomization.yaml',
  'kustomization.yml',
  'Kustomization',
];

const deprecated: readonly (readonly [field: keyof Kustomization, instead: string, note: string])[] = [
  ['bases', 'resources', ''],
  ['imageTags', 'images', ''],
  ['commonLabels', 'labels', ''],
  ['patchesJson6902', 'patches', ''],
  ['patchesStrategicMerge', 'patches', ''],
  ['vars', 'replacements', '[EXPERIMENTAL] '],
];

export interface LoadedKustomization {
  readonly file: Kustomization;
  /** Of the file in its folder. */
  readonly name: string;
}

/** The kustomization of a folder, or the one given in place of its file. */
export function loadKustomization(
  loader: Loader,
  override: string | MapNode | undefined,
  warn: (line: string) => void,
): LoadedKustomization {
  if (override !== undefined) {
    const node = typeof override === 'string' ? parse(override, loader.resolve('kustomization.yaml')) : override;
    return { file: check(node, loader, 'kustomization.yaml', warn), name: 'kustomization.yaml' };
  }
  const found = recognisedKustomizationNames.filter((name) => loader.isFile(name));
  const [name] = found;
  if (name === undefined) {
    throw new KustomizeError(
      'fileMissing',
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${loader.root}'`,
      { path: loader.root },
    );
  }
  if (found.length > 1) {
    throw new KustomizeError('invalidKustomization', `Found multiple kustomization files under: ${loader.root}\n`, {
      path: loader.root,
    });
  }
  return { file: check(parse(loader.readText(name), loader.resolve(name)), loader, name, warn), name };
}

function parse(text: string, path: string): Node {
  try {
    return readYamlV2(text, { path });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new KustomizeError('invalidKustomization', `invalid Kustomization: ${error.message}`, {
      path,
      line: error.line,
      cause: error,
    });
  }
}

function check(node: Node, loader: Loader, name: string, warn: (line: string) => void): Kustomization {
  const path = loader.resolve(name);
  const file = decode(node, path);
  for (const [field, instead, note] of deprecated) {
    if (file[field] === undefined) continue;
    warn(
      `# Warning: '${field}' is deprecated. Please use '${instead}' instead. ${note}Run 'kustomize edit fix' to update your Kustomization automatically.`,
    );
  }
  const modern = modernise(file);
  if (isEmpty(modern)) throw new KustomizeError('invalidKustomization', 'kustomization.yaml is empty', { path });
  return requireType(modern, loader.root);
}

function decode(node: Node, path: string): Kustomization {
  if (node.kind === 'scalar' && node.tag === '!!null') return {};
  try {
    return kustomization.decode(node, { struct: '', path: '' });
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
    throw new KustomizeError('invalidKustomization', `invalid Kustomization: ${error.message}`, {
      path,
      ...(error.line === undefined ? {} : { line: error.line }),
    });
  }
}

/** Whether nothing is asked for: kind and version alone build nothing. A list that is there asks, even an empty one. */
function isEmpty(file: Kustomization): boolean {
  return Object.entries(file).every(
    ([field, value]) => field === 'kind' || field === 'apiVersion' || value === '' || value === undefined,
  );
}

function modernise(file: Kustomization): Kustomization {
  const { bases, imageTags, ...rest } = file;
  return {
    ...rest,
    ...(bases === undefined || bases.length === 0 ? {} : { resources: [...(file.resources ?? []), ...bases] }),
    ...(imageTags === undefined || imageTags.length === 0 ? {} : { images: [...(file.images ?? []), ...imageTags] }),
  };
}

const group = 'kustomize.config.k8s.io';

function requireType(file: Kustomization, root: string): Kustomization {
  const kind = file.kind || 'Kustomization';
  const apiVersion = file.apiVersion || (kind === 'Component' ? `${group}/v1alpha1` : `${group}/v1beta1`);
  const problems: string[] = [];
  if (kind !== 'Kustomization' && kind !== 'Component') problems.push('kind should be Kustomization or Component');
  const expected = kind === 'Component' ? `${group}/v1alpha1` : `${group}/v1beta1`;
  if (problems.length === 0 && apiVersion !== expected && apiVersion !== `${group}/v1`) {
    problems.push(`apiVersion for ${kind} should be ${expected}`);
  }
  if (problems.length > 0) {
    const message = `Failed to read kustomization file under ${root}:\n${problems.join('\n')}`;
    throw new KustomizeError('invalidKustomization', message, { path: root });
  }
  return { ...file, kind, apiVersion };
}
