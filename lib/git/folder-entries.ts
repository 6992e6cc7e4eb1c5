import { createReadStream, lstatSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './git-error.ts';
import type { BlobSource, SourceEntry } from './source-entries.ts';

const disk: BlobSource = {
  readBlob: (file) => ({ sizeBytes: lstatSync(file).size, content: createReadStream(file) }),
};

/**
 * What is on disk below (or at) a path, as entries below `at`: regular files and folders, in the order of a walk. The files must stay as
 * they are until they are read.
 * @throws GitError 'objectNotFound' when there is nothing
 */
export async function folderEntries(root: string, at: readonly string[]): Promise<readonly SourceEntry[]> {
  const stats = await lstat(root).catch(() => undefined);
  if (stats === undefined) throw new GitError('objectNotFound', 'no such file or directory');
  if (!stats.isDirectory()) {
    return [{ path: at, kind: (stats.mode & 0o111) === 0 ? 'file' : 'executable', oid: root, from: disk }];
  }
  const entries: SourceEntry[] = at.length === 0 ? [] : [{ path: at, kind: 'tree', oid: '', from: disk }];
  const names = await readdir(root);
  for (const name of names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const path = join(root, name);
    const child = await lstat(path);
    if (child.isDirectory() || child.isFile()) entries.push(...(await folderEntries(path, [...at, name])));
  }
  return entries;
}
