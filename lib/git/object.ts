import { GitError } from './git-error.ts';

/** A commit, as far as anyone here looks. */
export interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  /** Of the committer, in seconds since 1970. */
  readonly committedAt: number;
  readonly message: string;
}

export interface TreeItem {
  readonly name: string;
  readonly kind: 'tree' | 'file' | 'executable' | 'symlink' | 'submodule';
  readonly oid: string;
}

export function parseCommit(oid: string, bytes: Buffer): Commit {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\n\n');
  const headers = end === -1 ? text : text.slice(0, end);
  const tree = /^tree ([0-9a-f]{40})$/m.exec(headers)?.[1];
  if (tree === undefined) throw new GitError('badPack', `cannot read commit ${oid}: it has no tree`);
  const parents = [...headers.matchAll(/^parent ([0-9a-f]{40})$/gm)].flatMap((match) => match[1] ?? []);
  const committedAt = Number(/^committer .* (\d+) [-+]\d{4}$/m.exec(headers)?.[1] ?? 0);
  return { oid, tree, parents, committedAt, message: end === -1 ? '' : text.slice(end + 2) };
}

/** What an annotated tag points at. */
export function parseTagTarget(oid: string, bytes: Buffer): string {
  const target = /^object ([0-9a-f]{40})$/m.exec(bytes.toString('utf8', 0, 512))?.[1];
  if (target === undefined) throw new GitError('badPack', `cannot read tag ${oid}: it points at nothing`);
  return target;
}

const kinds: Readonly<Record<string, TreeItem['kind']>> = {
  '40000': 'tree',
  '040000': 'tree',
  '100644': 'file',
  '100664': 'file',
  '100755': 'executable',
  '120000': 'symlink',
  '160000': 'submodule',
};

/**
 * The entries of a tree in the order of their bytes, which is the order of a walk over folders (Git's own differs for folders).
 * @throws GitError 'badPack' for names that a file system must not see
 */
export function parseTree(oid: string, bytes: Buffer): readonly TreeItem[] {
  const items: { readonly item: TreeItem; readonly raw: Buffer }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const end = space === -1 ? -1 : bytes.indexOf(0, space);
    if (end === -1 || end + 21 > bytes.length) throw new GitError('badPack', `cannot read tree ${oid}: it ends early`);
    const mode = bytes.toString('latin1', at, space);
    const raw = bytes.subarray(space + 1, end);
    const name = raw.toString('utf8');
    const kind = kinds[mode] ?? (mode.startsWith('100') ? 'file' : undefined);
    if (kind === undefined)
      throw new GitError('badPack', `cannot read tree ${oid}: mode ${JSON.stringify(mode)} is not known`);
    refuseName(oid, name);
    items.push({ item: { name, kind, oid: bytes.toString('hex', end + 1, end + 21) }, raw });
    at = end + 21;
  }
  return items.toSorted((a, b) => Buffer.compare(a.raw, b.raw)).map(({ item }) => item);
}

function refuseName(oid: string, name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.toLowerCase() === '.git') {
    throw new GitError('badPack', `cannot read tree ${oid}: ${JSON.stringify(name)} is no file name`);
  }
}
