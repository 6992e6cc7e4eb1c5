import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TarEntry, tarModes } from '#artifact';
import { type IgnorePattern, ignoreFileName, ignoreRules, parseIgnoreLines } from '#git';

const largestIgnoreFile = 1024 * 1024;

interface Found {
  readonly path: readonly string[];
  readonly isFolder: boolean;
}

/**
 * What a folder holds as entries of an archive: its root, then folders and regular files in the order of a walk. Everything else is
 * left out without a word.
 * @param excludes paths to leave out; folders below an excluded one are still walked, for what a later pattern brings back
 */
export async function* folderEntries(
  dir: string,
  excludes: (path: readonly string[], isFolder: boolean) => boolean,
  signal: AbortSignal,
): AsyncGenerator<TarEntry> {
  yield { name: '.', type: 'directory', mode: tarModes.directory, sizeBytes: 0 };
  for await (const { path, isFolder } of walk(dir, [])) {
    signal.throwIfAborted();
    if (excludes(path, isFolder)) continue;
    const name = path.join('/');
    if (isFolder) {
      yield { name, type: 'directory', mode: tarModes.directory, sizeBytes: 0 };
      continue;
    }
    const file = join(dir, ...path);
    const { mode, size } = await lstat(file);
    const kind = (mode & 0o111) === 0 ? 'file' : 'executable';
    const content = size === 0 ? new Uint8Array(0) : createReadStream(file);
    yield { name, type: 'file', mode: tarModes[kind], sizeBytes: size, content };
  }
}

/** The rules of all ignore files in a folder, and then those of `spec.ignore` (source spec 2.7). */
export async function folderIgnoreRules(
  dir: string,
  ignore: string | undefined,
): Promise<(path: readonly string[], isFolder: boolean) => boolean> {
  const patterns: IgnorePattern[] = [];
  for await (const domain of folders(dir)) {
    const file = join(dir, ...domain, ignoreFileName);
    const stats = await lstat(file).catch(() => undefined);
    if (stats?.isFile() !== true) continue;
    if (stats.size > largestIgnoreFile) {
      throw new Error(`cannot read ${[...domain, ignoreFileName].join('/')}: larger than ${largestIgnoreFile} bytes`);
    }
    patterns.push(...parseIgnoreLines(await readFile(file, 'utf8'), domain));
  }
  const rules = ignoreRules([...patterns, ...parseIgnoreLines(ignore ?? '')]);
  return (path, isFolder) => rules.excludes(path, isFolder);
}

/** The root, and every folder before those below it. */
async function* folders(dir: string): AsyncGenerator<readonly string[]> {
  yield [];
  for await (const { path, isFolder } of walk(dir, [])) if (isFolder && !path.includes('.git')) yield path;
}

async function* walk(dir: string, above: readonly string[]): AsyncGenerator<Found> {
  const entries = await readdir(join(dir, ...above), { withFileTypes: true });
  const ordered = entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const entry of ordered) {
    const path = [...above, entry.name];
    if (entry.isDirectory()) {
      yield { path, isFolder: true };
      yield* walk(dir, path);
    } else if (entry.isFile()) yield { path, isFolder: false };
  }
}
