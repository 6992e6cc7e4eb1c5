import type { Checkout } from './checkout.ts';
import type { TreeEntry } from './snapshot.ts';

/** Where the content of files is. */
export interface BlobSource {
  readBlob(oid: string): { readonly sizeBytes: number; readonly content: Uint8Array | AsyncIterable<Uint8Array> };
}

/** A folder or file that may go into an archive, wherever it comes from. */
export interface SourceEntry extends TreeEntry {
  readonly from: BlobSource;
}

/** Everything that a commit holds, in the order of a walk. */
export function checkoutEntries({ snapshot, commit }: Checkout): readonly SourceEntry[] {
  const entries: SourceEntry[] = [];
  for (const { path, kind, oid } of snapshot.walk(commit)) entries.push({ path, kind, oid, from: snapshot });
  return entries;
}

/**
 * What a sparse checkout holds: files whose path begins with one of `folders`, and the folders that lead to them. It is the beginning of
 * the text that counts, as in go-git, so `app` also brings `apps/`; nothing else of the root is there.
 */
export function sparseEntries(
  entries: readonly SourceEntry[],
  folders: readonly string[] | undefined,
): readonly SourceEntry[] {
  if (folders === undefined || folders.length === 0) return entries;
  const prefixes = folders.map(trimmed);
  const parents = new Set<string>();
  const kept = new Set<SourceEntry>();
  for (const entry of entries) {
    const path = entry.path.join('/');
    if (entry.kind === 'tree' || !prefixes.some((prefix) => path.startsWith(prefix))) continue;
    kept.add(entry);
    for (let depth = 1; depth < entry.path.length; depth++) parents.add(entry.path.slice(0, depth).join('/'));
  }
  return entries.filter((entry) => kept.has(entry) || (entry.kind === 'tree' && parents.has(entry.path.join('/'))));
}

/** The first of `folders` that is not there; undefined when all are. */
export function missingFolder(
  entries: readonly SourceEntry[],
  folders: readonly string[] | undefined,
): string | undefined {
  const paths = new Set(entries.map(({ path }) => path.join('/')));
  return folders?.find((folder) => {
    const path = trimmed(folder).replace(/\/+$/, '');
    return path !== '' && !paths.has(path);
  });
}

function trimmed(folder: string): string {
  return folder === '.' ? '' : folder.replace(/^(\.\/)+/, '');
}

/**
 * The entries with others put in below `at`. What is between is made.
 * @returns undefined when there is something at that place already, or a file on the way to it
 */
export function grafted(
  entries: readonly SourceEntry[],
  at: readonly string[],
  added: readonly SourceEntry[],
): readonly SourceEntry[] | undefined {
  const kinds = new Map(entries.map(({ path, kind }) => [path.join('/'), kind]));
  const parents: SourceEntry[] = [];
  for (let depth = 1; depth <= at.length; depth++) {
    const path = at.slice(0, depth);
    const kind = kinds.get(path.join('/'));
    if (kind === undefined) {
      if (depth < at.length) parents.push({ path, kind: 'tree', oid: '', from: nothing });
    } else if (depth === at.length || kind !== 'tree') return undefined;
  }
  if (at.length === 0 && added.some(({ path, kind }) => kind !== 'tree' && kinds.has(path.join('/')))) return undefined;
  const isNew = at.length > 0 ? () => true : ({ path }: SourceEntry) => !kinds.has(path.join('/'));
  return [...entries, ...parents, ...added.filter(isNew)].toSorted((a, b) => compareWalk(a.path, b.path));
}

const nothing: BlobSource = {
  readBlob: () => {
    throw new TypeError('cannot read a folder as a file');
  },
};

/** A folder before what is in it; names of one folder in the order of their bytes. */
function compareWalk(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [left = '', right = ''] = [a[at], b[at]];
    if (left !== right) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return a.length - b.length;
}
