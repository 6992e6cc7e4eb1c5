import { GitError } from './git-error.ts';
import { type Commit, parseCommit, parseTagTarget, parseTree, type TreeItem } from './object.ts';
import type { ObjectType, Pack } from './pack.ts';
import type { SpooledPack } from './pack-spool.ts';

/** A folder or file of a commit. Folders come before what is in them; names of one folder are in the order of their bytes. */
export interface TreeEntry {
  /** Parts of the path below the root of the repository. */
  readonly path: readonly string[];
  readonly kind: TreeItem['kind'];
  readonly oid: string;
}

const deepest = 256;
const longestTagChain = 16;

/** What was fetched: commits, and the trees and blobs below them. */
export class Snapshot implements Disposable {
  readonly #pack: Pack;
  readonly #source: SpooledPack;

  constructor(pack: Pack, source: SpooledPack) {
    this.#pack = pack;
    this.#source = source;
  }

  has(oid: string): boolean {
    return this.#pack.has(oid);
  }

  /**
   * The commit with that name, or the one that an annotated tag leads to.
   * @throws GitError 'objectNotFound' | 'badPack'
   */
  commit(oid: string): Commit {
    let current = oid;
    for (let links = 0; links < longestTagChain; links++) {
      const object = this.#pack.read(current);
      if (object.type === 'commit') return parseCommit(current, object.bytes);
      if (object.type !== 'tag')
        throw new GitError('badPack', `cannot read ${current}: it is a ${object.type}, expected a commit`);
      current = parseTagTarget(current, object.bytes);
    }
    throw new GitError('badPack', `cannot read tag ${oid}: it leads through more than ${longestTagChain} tags`);
  }

  /**
   * An object as it was hashed, for those who check its signature.
   * @throws GitError 'objectNotFound' | 'badPack'
   */
  readRaw(oid: string): { readonly type: ObjectType; readonly bytes: Buffer } {
    return this.#pack.read(oid);
  }

  /** Everything below a commit, except the root itself. */
  *walk(commit: Commit): Generator<TreeEntry> {
    yield* this.#walkTree(commit.tree, []);
  }

  readBlob(oid: string): { readonly sizeBytes: number; readonly content: Uint8Array | AsyncIterable<Uint8Array> } {
    return this.#pack.readBlob(oid);
  }

  *#walkTree(oid: string, parents: readonly string[]): Generator<TreeEntry> {
    if (parents.length > deepest)
      throw new GitError('tooLarge', `cannot read the tree: it is deeper than ${deepest} folders`);
    const { type, bytes } = this.#pack.read(oid);
    if (type !== 'tree') throw new GitError('badPack', `cannot read ${oid}: it is a ${type}, expected a tree`);
    for (const { name, kind, oid: child } of parseTree(oid, bytes)) {
      const path = [...parents, name];
      yield { path, kind, oid: child };
      if (kind === 'tree') yield* this.#walkTree(child, path);
    }
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }
}
