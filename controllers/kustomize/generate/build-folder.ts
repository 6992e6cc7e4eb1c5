import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import {
  build,
  cloneNode,
  diskFileSystem,
  equalNodes,
  type FileSystem,
  KustomizeError,
  type MapNode,
  type Node,
  print,
  readDocuments,
  readYamlV2,
  YamlError,
} from '#kustomize';
import { type BuildSpec, GenerateError, generatedFile, mergeSpec } from './merge-spec.ts';
import { overlayFile } from './overlay-file-system.ts';
import { kustomizationFileNames, scanManifests } from './scan.ts';

/** Manifests that cannot be built; the message names files by their path in the artifact. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/**
 * Builds a folder of an unpacked artifact with what the spec adds to its kustomization file, as `kustomize build` would without
 * load restrictions and without sorting, on a file system that ends at the artifact's root. Writes nothing.
 * @param root the unpacked artifact
 * @param folder path of the kustomization below it; empty for the root itself
 * @throws BuildError
 */
export async function buildFolder(root: string, folder: string, spec: BuildSpec): Promise<readonly MapNode[]> {
  const realRoot = realpathSync(root);
  const path = join(realRoot, folder);
  const disk = diskFileSystem(realRoot);
  let scanned: readonly string[] = [];
  try {
    const prepared = await prepare(disk, path, spec);
    scanned = prepared.scanned;
    return build(prepared.files, path, { loadRestrictions: 'none', order: 'none' }).resources.map(({ node }) => node);
  } catch (error) {
    throw undecodable(disk, path, folder, scanned) ?? asBuildError(error, realRoot);
  }
}

interface Prepared {
  readonly files: FileSystem;
  /** What was found where there is no kustomization file. */
  readonly scanned: readonly string[];
}

async function prepare(disk: FileSystem, path: string, spec: BuildSpec): Promise<Prepared> {
  const componentExists = (component: string): boolean => disk.isDirectory(join(path, component));
  const name = kustomizationFileNames.find((candidate) => disk.isFile(join(path, candidate)));
  if (name === undefined) {
    const scanned = await scanManifests(path);
    const file = generatedFile(scanned);
    mergeSpec(file, spec, componentExists);
    return { files: overlayFile(disk, join(path, 'kustomization.yaml'), print(file)), scanned };
  }
  const filePath = join(path, name);
  const content = disk.readFile(filePath);
  const file = readYamlV2(typeof content === 'string' ? content : new TextDecoder().decode(content), { path: name });
  // What is no mapping is left for the build to complain about.
  if (file.kind !== 'map') return { files: disk, scanned: [] };
  const before = cloneNode(file);
  mergeSpec(file, spec, componentExists);
  const files = equalNodes(before, file) ? disk : overlayFile(disk, filePath, print(file));
  return { files, scanned: [] };
}

/** Flux looks at what a scan finds before it builds; here only a failed build makes that worth the time. */
function undecodable(
  disk: FileSystem,
  path: string,
  folder: string,
  scanned: readonly string[],
): BuildError | undefined {
  for (const found of scanned.filter((name) => disk.isFile(join(path, name)))) {
    const problem = problemOf(disk, join(path, found));
    if (problem !== undefined) {
      return new BuildError(`failed to decode Kubernetes YAML from ${join(folder, found)}: ${problem}`);
    }
  }
  return undefined;
}

function problemOf(disk: FileSystem, path: string): string | undefined {
  const content = disk.readFile(path);
  try {
    const text = typeof content === 'string' ? content : new TextDecoder().decode(content);
    return readDocuments(text)
      .map(missingPart)
      .find((problem) => problem !== undefined);
  } catch (error) {
    if (error instanceof YamlError) return `MalformedYAMLError: ${error.message}`;
    throw error;
  }
}

/** What keeps a document from being a resource. */
function missingPart(document: Node): string | undefined {
  if (document.kind !== 'map') return 'missing Resource metadata';
  const [kind, metadata] = [document.get('kind'), document.get('metadata')];
  if (kind === undefined && metadata === undefined && !document.has('apiVersion')) return 'missing Resource metadata';
  if (kind?.kind !== 'scalar' || kind.value === '') return `missing kind in object on line ${document.line}`;
  if (kind.value.endsWith('List')) return undefined;
  const name = metadata?.kind === 'map' ? metadata.get('name') : undefined;
  return name === undefined ? `missing metadata.name in object on line ${document.line}` : undefined;
}

/** The artifact is unpacked into a folder with a random name, which would make every failure a new one. */
function asBuildError(error: unknown, root: string): unknown {
  const relative = (text: string): string => text.replaceAll(`${root}/`, '').replaceAll(root, '.');
  if (error instanceof GenerateError) return new BuildError(error.message, { cause: error });
  if (error instanceof KustomizeError || error instanceof YamlError) {
    const { path, line, message } = error;
    const place = placeOf(relative(message), path === undefined ? undefined : relative(path), line);
    return new BuildError(`kustomize build failed: ${relative(message)}${place}`, { cause: error });
  }
  if (error instanceof RangeError) {
    return new BuildError('kustomize build failed: the manifests are nested too deeply', { cause: error });
  }
  return error;
}

/** Says where to look when the message itself does not. */
function placeOf(message: string, path: string | undefined, line: number | undefined): string {
  if (path === undefined || path === '' || message.includes(path)) return '';
  return line === undefined || line === 0 || message.includes(`line ${line}`)
    ? ` (in ${path})`
    : ` (in ${path}, line ${line})`;
}
