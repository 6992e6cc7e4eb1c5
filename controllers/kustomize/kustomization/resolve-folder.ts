import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';

/**
 * The folder of a spec's path below the artifact's root; empty for the root. `..` never leads above the root.
 * @throws Error when it is not there, with Flux's words and the path in the artifact
 */
export async function resolveFolder(root: string, path: string | undefined): Promise<string> {
  const folder = posix.normalize(`/${path ?? ''}`).replace(/^\/|\/$/g, '');
  if (folder === '') return folder;
  const missing = (why: string): Error => new Error(`kustomization path not found: stat ${folder}: ${why}`);
  let isFolder: boolean;
  try {
    isFolder = (await stat(join(root, folder))).isDirectory();
  } catch (error) {
    throw missing(isMissing(error) ? 'no such file or directory' : String(error));
  }
  if (!isFolder) throw missing('not a directory');
  return folder;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
