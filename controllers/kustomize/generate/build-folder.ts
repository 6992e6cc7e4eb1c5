import { realpathSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import {
  build,
  diskFileSystem,
  type FileSystem,
  KustomizeError,
  type MapNode,
  type Node,
  type ParseCache,
  readDocuments,
  readKustomizationLenient,
  recognisedKustomizationNames,
  YamlError,
} from '#kustomize';
import type { Decrypter } from '../decrypt/decrypter.ts';
import { overlay } from '../decrypt/overlay.ts';
import { type BuildSpec, GenerateError, generatedFile, mergeSpec } from './merge-spec.ts';
import { scanManifests } from './scan.ts';

/** Manifests that cannot be built; the message names files by their path in the artifact. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

export interface BuildFolderOptions {
  /** Shared between builds, so that a base that many of them use is parsed once. */
  readonly cache?: ParseCache;
  /** Opens files before the build; what they hold stays out of messages. */
  readonly decrypter?: Decrypter | undefined;
  /** Gets kustomize's warnings, a line each. */
  readonly warn?: ((line: string) => void) | undefined;
}

export interface BuiltFolder {
  readonly resources: readonly MapNode[];
  /** Where each of them comes from: `<file in the artifact>, line <n>`; undefined where it was made. */
  readonly places: readonly (string | undefined)[];
}

/**
 * Builds a folder of an unpacked artifact with what the spec adds to its kustomization file, as `kustomize build` would without
 * load restrictions and without sorting, on a file system that ends at the artifact's root. Writes nothing.
 * @param root the unpacked artifact
 * @param folder path of the kustomization below it; empty for the root itself
 * @throws BuildError | DecryptError
 */
export async function buildFolder(
  root: string,
  folder: string,
  spec: BuildSpec,
  options: BuildFolderOptions = {},
): Promise<BuiltFolder> {
  const realRoot = realpathSync(root);
  const path = join(realRoot, folder);
  const disk = diskFileSystem(realRoot);
  let scanned: readonly string[] = [];
  try {
    let file = readFile(disk, path);
    if (file === undefined) {
      scanned = await scanManifests(path);
      file = generatedFile(scanned);
    }
    mergeSpec(file, spec, (component) => disk.isDirectory(join(path, component)));
    const plain = (await options.decrypter?.sources(disk, path, file)) ?? new Map();
    const built = build(overlay(disk, plain), path, {
      loadRestrictions: 'none',
      order: 'none',
      kustomizationOverride: file,
      ...(options.cache !== undefined && { cache: options.cache }),
      ...(options.warn !== undefined && { warn: options.warn }),
    });
    return {
      resources: built.resources.map(({ node }) => node),
      places: built.resources.map(({ place }) =>
        place === undefined ? undefined : `${posix.join(folder, place.file)}, line ${place.line}`,
      ),
    };
  } catch (error) {
    throw (
      undecodable(disk, path, folder, scanned) ??
      asBuildError(error, realRoot, (message) => options.decrypter?.mask(message) ?? message)
    );
  }
}

/** The kustomization file of a folder with the fields that kustomize knows; undefined when there is none. */
function readFile(disk: FileSystem, path: string): MapNode | undefined {
  const [name, other] = recognisedKustomizationNames.filter((candidate) => disk.isFile(join(path, candidate)));
  if (name === undefined) return undefined;
  if (other !== undefined)
    throw new BuildError(`kustomize build failed: Found multiple kustomization files: ${name} ${other}`);
  const file = join(path, name);
  try {
    return readKustomizationLenient(textOf(disk.readFile(file)));
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new KustomizeError('invalidKustomization', `invalid Kustomization: ${error.message}`, {
      path: file,
      line: error.line,
      cause: error,
    });
  }
}

function textOf(content: string | Uint8Array): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content);
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
  try {
    return readDocuments(textOf(disk.readFile(path)))
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
function asBuildError(error: unknown, root: string, mask: (message: string) => string): unknown {
  const relative = (text: string): string =>
    text.replaceAll(`${root}/`, '').replaceAll(root, '.').replaceAll(dirname(root), '..');
  if (error instanceof GenerateError) return new BuildError(error.message, { cause: error });
  if (error instanceof KustomizeError || error instanceof YamlError) {
    const { path, line, message } = error;
    const place = placeOf(relative(message), path === undefined ? undefined : relative(path), line);
    return new BuildError(`kustomize build failed: ${mask(relative(message))}${place}`, { cause: error });
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
