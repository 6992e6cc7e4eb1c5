import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { KustomizeError } from './error.ts';

/**
 * What the engine asks of a file system. Paths are absolute. Synchronous: a build is CPU work over a small tree that is
 * local or in memory; a caller that must not block runs it in a worker.
 */
export interface FileSystem {
  /** @throws any error when the path is no readable file */
  readFile(path: string): Uint8Array | string;
  isFile(path: string): boolean;
  isDirectory(path: string): boolean;
  /** The path with all symbolic links resolved. @throws KustomizeError 'fileMissing' when nothing is there */
  realPath(path: string): string;
}

/** True when `path` is `folder` or lies below it; both absolute and clean. */
export function isInOrBelow(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}

/**
 * The local disk. With `root`, nothing outside that folder can be reached: links are resolved first, and what they lead to
 * must stay inside, with the words that Flux's controllers use for it.
 */
export function diskFileSystem(root?: string): FileSystem {
  const realRoot = root === undefined ? undefined : realpathSync.native(root);
  const confine = (operation: string, path: string, real: string): string => {
    if (realRoot !== undefined && !isInOrBelow(real, realRoot)) {
      throw new KustomizeError(
        'restricted',
        `fs-security-constraint ${operation} ${path}: path '${real}' is not in or below '${realRoot}'`,
        { path },
      );
    }
    return real;
  };
  const realPath = (operation: string, path: string): string => {
    // Before any link is followed: a path that leaves the root by its own text says nothing about what exists there.
    if (realRoot !== undefined && root !== undefined && !isInOrBelow(resolve(path), resolve(root))) {
      confine(operation, path, resolve(path));
    }
    try {
      return confine(operation, path, realpathSync.native(path));
    } catch (error) {
      throw error instanceof KustomizeError ? error : missing(path);
    }
  };
  const stat = (path: string): ReturnType<typeof statSync> | undefined => {
    try {
      return statSync(realPath('stat', path));
    } catch {
      return undefined;
    }
  };
  return {
    readFile: (path) => readFileSync(realPath('read', path)),
    isFile: (path) => stat(path)?.isFile() ?? false,
    isDirectory: (path) => stat(path)?.isDirectory() ?? false,
    realPath: (path) => realPath('evalsymlink', path),
  };
}

/** Go names the first component that is missing, not the whole path. */
function missing(path: string): KustomizeError {
  let culprit = resolve(path);
  for (let parent = dirname(culprit); parent !== culprit; parent = dirname(parent)) {
    try {
      realpathSync.native(parent);
      break;
    } catch {
      culprit = parent;
    }
  }
  return new KustomizeError('fileMissing', `lstat ${culprit}: no such file or directory`, { path });
}

/** A tree in memory, for tests and for callers that hold an archive unpacked: absolute path to content. */
export function memoryFileSystem(files: ReadonlyMap<string, string>): FileSystem {
  const folders = new Set<string>(['/']);
  for (const path of files.keys()) {
    for (let folder = dirname(path); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  }
  return {
    readFile(path) {
      const content = files.get(path);
      if (content === undefined) throw missingIn(path);
      return content;
    },
    isFile: (path) => files.has(path),
    isDirectory: (path) => folders.has(path),
    realPath(path) {
      const clean = resolve(path);
      if (!files.has(clean) && !folders.has(clean)) throw missingIn(clean);
      return clean;
    },
  };
}

function missingIn(path: string): KustomizeError {
  return new KustomizeError('fileMissing', `lstat ${path}: no such file or directory`, { path });
}
