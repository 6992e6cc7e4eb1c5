import { buffer } from 'node:stream/consumers';
import { GitError } from './git-error.ts';
import type { IgnorePattern } from './ignore-pattern.ts';
import { ignoreFileName, ignoreRules, parseIgnoreLines } from './ignore-rules.ts';
import type { SourceEntry } from './source-entries.ts';

/** A folder or regular file that belongs into an archive. */
export type TreeFile =
  | { readonly path: readonly string[]; readonly kind: 'folder' }
  | {
      readonly path: readonly string[];
      readonly kind: 'file' | 'executable';
      readonly sizeBytes: number;
      readonly content: Uint8Array | AsyncIterable<Uint8Array>;
    };

const largestIgnoreFile = 1024 * 1024;

/**
 * What of a tree belongs into an archive: folders and regular files, less what is ignored, in the order of a walk. Symbolic links and
 * submodules that nobody fetched have no place in it. An excluded folder is still walked, for what a later pattern brings back.
 * @param entries in the order of a walk, see checkoutEntries
 * @param ignore `spec.ignore`
 */
export async function* treeFiles(
  entries: readonly SourceEntry[],
  ignore: string | undefined,
): AsyncGenerator<TreeFile> {
  const own = [...(await ignoreFiles(entries)), ...parseIgnoreLines(ignore ?? '')];
  const rules = ignoreRules(own);
  for (const { path, kind, oid, from } of entries) {
    if (kind === 'symlink' || kind === 'submodule' || rules.excludes(path, kind === 'tree')) continue;
    if (kind === 'tree') yield { path, kind: 'folder' };
    else yield { path, kind, ...from.readBlob(oid) };
  }
}

/** The patterns of all ignore files: those of a folder before those of the folders below it. */
async function ignoreFiles(entries: readonly SourceEntry[]): Promise<readonly IgnorePattern[]> {
  const files = entries.filter(
    ({ path, kind }) => path.at(-1) === ignoreFileName && (kind === 'file' || kind === 'executable'),
  );
  const sorted = files.toSorted((a, b) => compareFolders(a.path.slice(0, -1), b.path.slice(0, -1)));
  const patterns: IgnorePattern[] = [];
  for (const { path, oid, from } of sorted) {
    const { sizeBytes, content } = from.readBlob(oid);
    if (sizeBytes > largestIgnoreFile) {
      throw new GitError('tooLarge', `cannot read ${path.join('/')}: larger than ${largestIgnoreFile} bytes`);
    }
    const bytes = content instanceof Uint8Array ? Buffer.from(content) : await buffer(content);
    patterns.push(...parseIgnoreLines(bytes.toString('utf8'), path.slice(0, -1)));
  }
  return patterns;
}

/** Depth first: a folder, then all that is below it, then the next one. */
function compareFolders(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = Buffer.compare(Buffer.from(a[at] ?? ''), Buffer.from(b[at] ?? ''));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
