import { GitError } from './git-error.ts';
import type { Commit } from './object.ts';
import type { RemoteRef } from './protocol.ts';
import type { GitRemote } from './remote.ts';
import { highestInRange } from './semver-range.ts';
import type { Snapshot } from './snapshot.ts';

/** Which commit is wanted; the first of commit, name, tag, semver, branch that is set decides (source spec 3.1). */
export interface Reference {
  readonly commit?: string | undefined;
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  readonly semver?: string | undefined;
  readonly branch?: string | undefined;
}

/** What a reference means right now. */
export interface Target {
  /** As in status: `main@sha1:<hex>`, `refs/pull/1/head@sha1:<hex>`, `sha1:<hex>`. */
  readonly revision: string;
  readonly commit: string;
  /** What to ask the remote for: the commit, or the annotated tag that leads to it. */
  readonly want: string;
  /** The tag that the reference means, however it was found. */
  readonly tag?: string | undefined;
}

/** A commit and everything below it. */
export interface Checkout extends Disposable {
  readonly target: Target;
  readonly commit: Commit;
  readonly snapshot: Snapshot;
}

/**
 * Asks the remote what a reference means, without fetching anything. A pinned commit is only known to be there once it is fetched;
 * listing proves that the remote and the credentials are still good.
 * @param purpose begins the text when listing fails: Flux says `unable to list remote` only where it looks for news
 * @throws GitError whose text is fit for a condition
 */
export async function resolveReference(
  remote: GitRemote,
  reference: Reference,
  signal: AbortSignal,
  purpose: 'clone' | 'list remote for' = 'clone',
): Promise<Target> {
  const list = async (prefixes: readonly string[]): Promise<readonly RemoteRef[]> => {
    try {
      return await remote.listRefs(prefixes, signal);
    } catch (error) {
      throw prefixed(`unable to ${purpose} '${remote.url}'`, error);
    }
  };
  const { commit, name, tag, semver } = reference;
  if (isSet(commit)) return await pinned(remote, reference, commit, list);
  if (isSet(name)) {
    const tagName = name.startsWith('refs/tags/') ? name.slice('refs/tags/'.length) : undefined;
    return targetOf(name, await exactly(remote, name, name, list), tagName);
  }
  if (isSet(tag)) return targetOf(tag, await exactly(remote, `refs/tags/${tag}`, `refs/tags/${tag}`, list), tag);
  if (isSet(semver)) return await highestTag(remote, semver, list, signal);
  const branch = isSet(reference.branch) ? reference.branch : 'master';
  return targetOf(branch, await exactly(remote, `refs/heads/${branch}`, `refs/heads/${branch}`, list));
}

/**
 * Fetches one commit of history. What a server refuses to give by its hash is looked for in the whole history of its branch, or of
 * all branches.
 * @param options.withoutTrees only the commit (and its tag) is of interest
 * @throws GitError whose text is fit for a condition, beginning with `unable to clone` where fetching failed
 */
export async function checkOut(
  remote: GitRemote,
  reference: Reference,
  target: Target,
  signal: AbortSignal,
  options: { readonly withoutTrees?: boolean } = {},
): Promise<Checkout> {
  try {
    return opened(target, await remote.fetch({ wants: [target.want], depth: 1, ...options }, signal));
  } catch (error) {
    const refused = error instanceof GitError && error.code === 'objectNotFound' && isSet(reference.commit);
    if (!refused) throw prefixed(`unable to clone '${remote.url}'`, error);
  }
  return await findInHistory(remote, reference, target, signal);
}

type List = (prefixes: readonly string[]) => Promise<readonly RemoteRef[]>;

async function pinned(remote: GitRemote, reference: Reference, text: string, list: List): Promise<Target> {
  const commit = text.toLowerCase();
  if (!/^[0-9a-f]{40}$/.test(commit)) throw unresolved(text);
  const label = isSet(reference.name) ? reference.name : isSet(reference.branch) ? reference.branch : undefined;
  if (isSet(reference.name) || isSet(reference.branch)) {
    const full = isSet(reference.name) ? reference.name : `refs/heads/${reference.branch}`;
    await exactly(remote, full, full, list);
  } else if ((await list(['HEAD', 'refs/heads/'])).length === 0) throw empty();
  return { revision: label === undefined ? `sha1:${commit}` : `${label}@sha1:${commit}`, commit, want: commit };
}

async function exactly(remote: GitRemote, name: string, shown: string, list: List): Promise<RemoteRef> {
  const found = (await list([name])).find((ref) => ref.name === name);
  if (found !== undefined) return found;
  if ((await list([''])).length === 0) throw empty();
  throw new GitError('refNotFound', `unable to clone '${remote.url}': couldn't find remote ref "${shown}"`);
}

async function highestTag(remote: GitRemote, range: string, list: List, signal: AbortSignal): Promise<Target> {
  const refs = new Map((await list(['refs/tags/'])).map((ref) => [ref.name.slice('refs/tags/'.length), ref]));
  if (refs.size === 0 && (await list([''])).length === 0) throw empty();
  const best = highestInRange([...refs.keys()], range).flatMap(({ tag }) => {
    const ref = refs.get(tag);
    return ref === undefined ? [] : [{ tag, ref }];
  });
  const [first] = best;
  if (first === undefined) throw new GitError('noMatch', `no match found for semver: ${range}`);
  if (best.length === 1) return targetOf(first.tag, first.ref, first.tag);
  // Versions that differ in build metadata only: the latest commit wins.
  using commits = await remote.fetch({ wants: best.map(({ ref }) => ref.oid), depth: 1, withoutTrees: true }, signal);
  const dated = best.map((candidate) => ({ ...candidate, at: commits.commit(candidate.ref.oid).committedAt }));
  const latest = dated.reduce((a, b) => (b.at > a.at ? b : a));
  return targetOf(latest.tag, latest.ref, latest.tag);
}

async function findInHistory(
  remote: GitRemote,
  reference: Reference,
  target: Target,
  signal: AbortSignal,
): Promise<Checkout> {
  const branch = isSet(reference.branch) ? `refs/heads/${reference.branch}` : undefined;
  const start = isSet(reference.name) ? reference.name : branch;
  try {
    const refs = await remote.listRefs([start ?? 'refs/heads/'], signal);
    const wants = refs.filter((ref) => start === undefined || ref.name === start).map((ref) => ref.oid);
    if (wants.length === 0) throw unresolved(target.commit);
    const snapshot = await remote.fetch({ wants: [...new Set(wants)] }, signal);
    if (snapshot.has(target.commit)) return opened(target, snapshot);
    snapshot[Symbol.dispose]();
  } catch (error) {
    throw prefixed(`unable to clone '${remote.url}'`, error);
  }
  throw unresolved(target.commit);
}

function opened(target: Target, snapshot: Snapshot): Checkout {
  try {
    const commit = snapshot.commit(target.want);
    if (commit.oid !== target.commit) {
      throw new GitError('protocol', `the remote lists ${target.want} as ${target.commit}, but it is ${commit.oid}`);
    }
    return { target, commit, snapshot, [Symbol.dispose]: () => snapshot[Symbol.dispose]() };
  } catch (error) {
    snapshot[Symbol.dispose]();
    throw error;
  }
}

function targetOf(label: string, ref: RemoteRef, tag?: string): Target {
  const commit = ref.peeled ?? ref.oid;
  return { revision: `${label}@sha1:${commit}`, commit, want: ref.oid, tag };
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function empty(): GitError {
  return new GitError('emptyRepository', 'git repository is empty');
}

function unresolved(commit: string): GitError {
  return new GitError('objectNotFound', `unable to resolve commit object for '${commit}': object not found`);
}

function prefixed(prefix: string, error: unknown): unknown {
  if (!(error instanceof GitError) || error.message.startsWith('unable to ')) return error;
  return new GitError(error.code, `${prefix}: ${error.message}`, { cause: error });
}
