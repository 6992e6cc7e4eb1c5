import { resolve } from 'node:path';
import {
  type FileSystem,
  KustomizeError,
  type MapNode,
  type Node,
  readKustomizationLenient,
  recognisedKustomizationNames,
  YamlError,
} from '#kustomize';
import { type Format, formatOfPath, hasMarker, SopsError } from '#sops';
import { DecryptError } from './decrypt-error.ts';
import type { DecryptDocument } from './decrypter.ts';

/** A file that takes part in decryption may have this many bytes, encrypted or not. */
const maxFileBytes = 5 * 1024 * 1024;

/**
 * Decrypts what a build would otherwise put into Secrets, or merge, in its encrypted form: files of secret generators and of
 * patches, of the kustomization and of all that it refers to by folder. The format of a file is that of its key or name.
 * Nothing is written: the result is laid over the files for the build.
 * @param root the folder of the kustomization
 * @throws DecryptError
 */
export async function decryptSources(
  files: FileSystem,
  root: string,
  kustomization: MapNode,
  decrypt: DecryptDocument,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const plain = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  for (const [folder, file] of foldersOf(files, root, kustomization)) {
    for (const { path, format } of encryptable(file)) {
      const target = resolve(folder, path);
      if (!files.isFile(target)) continue;
      const real = files.realPath(target);
      if (seen.has(real)) continue;
      seen.add(real);
      const content = await decryptFile(files, real, path, format, decrypt);
      if (content !== undefined) plain.set(real, content);
    }
  }
  return plain;
}

/** The kustomization and those it is made of, each once. One that cannot be read is the build's to complain about. */
function foldersOf(files: FileSystem, root: string, kustomization: MapNode): readonly (readonly [string, MapNode])[] {
  const found = new Map<string, MapNode>([[files.realPath(root), kustomization]]);
  // A map that grows while it is walked: entries that are added are visited, too.
  for (const [folder, file] of found) {
    const references = ['resources', 'bases', 'components'].flatMap((field) => textsOf(file.get(field)));
    for (const reference of references) {
      const target = resolve(folder, reference);
      if (!files.isDirectory(target)) continue;
      const real = files.realPath(target);
      const below = found.has(real) ? undefined : readKustomization(files, real);
      if (below !== undefined) found.set(real, below);
    }
  }
  return [...found];
}

function readKustomization(files: FileSystem, folder: string): MapNode | undefined {
  const name = recognisedKustomizationNames.find((candidate) => files.isFile(resolve(folder, candidate)));
  if (name === undefined) return undefined;
  try {
    return readKustomizationLenient(Buffer.from(files.readFile(resolve(folder, name))).toString('utf8'));
  } catch (error) {
    if (error instanceof YamlError || error instanceof KustomizeError) return undefined;
    throw error;
  }
}

interface Encryptable {
  readonly path: string;
  readonly format: Format;
}

function encryptable(file: MapNode): readonly Encryptable[] {
  const generators = itemsOf(file.get('secretGenerator')).flatMap((generator) => [
    ...textsOf(generator.get('files')).map(fileSource),
    ...[...textsOf(generator.get('envs')), ...textsOf(generator.get('env'))].map(envSource),
  ]);
  const patches = itemsOf(file.get('patches')).flatMap((patch) => textsOf(patch.get('path')));
  return [...generators, ...patches.map((path) => ({ path, format: formatOfPath(path) }))];
}

/** `key=path`, or a path whose last part is the key. */
function fileSource(source: string): Encryptable {
  const at = source.indexOf('=');
  return at < 0
    ? { path: source, format: formatOfPath(source) }
    : { path: source.slice(at + 1), format: formatOfPath(source.slice(0, at)) };
}

function envSource(path: string): Encryptable {
  const format = formatOfPath(path);
  return { path, format: format === 'binary' ? 'dotenv' : format };
}

function itemsOf(node: Node | undefined): readonly MapNode[] {
  return node?.kind === 'seq' ? node.items.filter((item) => item.kind === 'map') : [];
}

function textsOf(node: Node | undefined): readonly string[] {
  if (node?.kind === 'scalar') return node.value === '' ? [] : [node.value];
  return node?.kind === 'seq' ? node.items.flatMap((item) => (item.kind === 'scalar' ? [item.value] : [])) : [];
}

/** @param name of the file as the kustomization has it */
async function decryptFile(
  files: FileSystem,
  path: string,
  name: string,
  format: Format,
  decrypt: DecryptDocument,
): Promise<Uint8Array | undefined> {
  const content = Buffer.from(files.readFile(path));
  if (content.length > maxFileBytes) {
    throw new DecryptError(
      `error decrypting sources: cannot decrypt file '${name}' with size (${content.length} bytes) exceeding limit (${maxFileBytes})`,
    );
  }
  if (!hasMarker(content, format)) return undefined;
  try {
    return await decrypt(content, { input: format, output: format });
  } catch (error) {
    if (!(error instanceof SopsError)) throw error;
    throw new DecryptError(`error decrypting sources: decryption failed for '${name}': ${error.message}`, {
      cause: error,
    });
  }
}
