import { basename, dirname, isAbsolute, join } from 'node:path';
import { KustomizeError } from '../error.ts';
import { type FileSystem, isInOrBelow } from '../file-system.ts';

export type LoadRestrictions = 'rootOnly' | 'none';

/** Reads the files that one kustomization names, under its load restriction, and opens the folders that it includes. */
export class Loader {
  readonly root: string;
  private readonly files: FileSystem;
  private readonly restrictions: LoadRestrictions;
  private readonly referrer: Loader | undefined;

  private constructor(files: FileSystem, root: string, restrictions: LoadRestrictions, referrer?: Loader) {
    this.files = files;
    this.root = root;
    this.restrictions = restrictions;
    this.referrer = referrer;
  }

  static open(files: FileSystem, root: string, restrictions: LoadRestrictions): Loader {
    return new Loader(files, confirmFolder(files, root), restrictions);
  }

  /** A loader for a folder that this kustomization includes. Bases may lie outside the root; files may not. */
  enter(path: string): Loader {
    if (path === '') throw new KustomizeError('invalidKustomization', 'new root cannot be empty');
    if (isGitUrl(path)) throw remoteRefused(path);
    if (isAbsolute(path)) throw new KustomizeError('restricted', `new root '${path}' cannot be absolute`, { path });
    const joined = join(this.root, path);
    let folder: string;
    try {
      folder = confirmFolder(this.files, joined);
    } catch (error) {
      throw error instanceof KustomizeError ? error.wrap('must build at directory') : error;
    }
    for (const visited of this.ancestry()) {
      if (isInOrBelow(visited.root, folder)) {
        const message = `cycle detected: candidate root '${folder}' contains visited root '${visited.root}'`;
        throw new KustomizeError('cycle', message, { path });
      }
    }
    return new Loader(this.files, folder, this.restrictions, this);
  }

  /** The folders that led here, this one first. */
  private *ancestry(): Generator<Loader> {
    yield this;
    if (this.referrer !== undefined) yield* this.referrer.ancestry();
  }

  readText(path: string): string {
    const content = this.read(path);
    return typeof content === 'string' ? content : decoder.decode(content);
  }

  readBytes(path: string): Uint8Array {
    const content = this.read(path);
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  }

  /** Path of a file of this kustomization as errors name it. */
  resolve(path: string): string {
    return isAbsolute(path) ? path : join(this.root, path);
  }

  isFile(path: string): boolean {
    return this.files.isFile(this.resolve(path));
  }

  private read(path: string): Uint8Array | string {
    if (isHttpUrl(path)) throw remoteRefused(path);
    const absolute = this.resolve(path);
    const allowed = this.restrictions === 'rootOnly' ? this.confine(absolute) : absolute;
    try {
      return this.files.readFile(allowed);
    } catch (error) {
      if (error instanceof KustomizeError && error.code === 'restricted') throw error;
      const reason = this.files.isDirectory(allowed)
        ? `read ${allowed}: is a directory`
        : `open ${allowed}: no such file or directory`;
      throw new KustomizeError('fileMissing', reason, { path: allowed, cause: error });
    }
  }

  private confine(path: string): string {
    const real = evaluateLinks(this.files, path);
    if (this.files.isDirectory(real)) {
      throw new KustomizeError('fileMissing', `'${path}' must resolve to a file`, { path });
    }
    if (!isInOrBelow(dirname(real), this.root)) {
      throw new KustomizeError('restricted', `security; file '${path}' is not in or below '${this.root}'`, { path });
    }
    return join(dirname(real), basename(real));
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function evaluateLinks(files: FileSystem, path: string): string {
  try {
    return files.realPath(path);
  } catch (error) {
    throw error instanceof KustomizeError
      ? error.reworded(`evalsymlink failure on '${path}' : ${error.message}`)
      : error;
  }
}

function confirmFolder(files: FileSystem, path: string): string {
  let real: string;
  try {
    real = evaluateLinks(files, path);
  } catch (error) {
    throw error instanceof KustomizeError ? error.wrap('not a valid directory') : error;
  }
  if (!files.isDirectory(real)) throw new KustomizeError('fileMissing', `'${path}': file is not directory`, { path });
  return real;
}

function isHttpUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** The forms of a Git address that kustomize clones; anything else is a path. */
function isGitUrl(path: string): boolean {
  return /^(git::|https?:\/\/|ssh:\/\/|git@|file:\/\/|github\.com[:/])/i.test(path) || /^[\w.-]+@[\w.-]+:/.test(path);
}

function remoteRefused(path: string): KustomizeError {
  return new KustomizeError(
    'remote',
    `cannot load '${path}': remote resources are not fetched, expected a local path`,
    { path },
  );
}
