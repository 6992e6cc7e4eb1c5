import { buffer } from 'node:stream/consumers';
import { checkOut } from './checkout.ts';
import { GitError } from './git-error.ts';
import type { GitRemote } from './remote.ts';
import { type BlobSource, checkoutEntries, grafted, type SourceEntry } from './source-entries.ts';

export interface SubmoduleOptions {
  /** Address of the repository that the entries are of, to which relative addresses are relative; with userinfo. */
  readonly url: string;
  /** Opens another remote. @throws when it may not be reached */
  readonly open: (url: URL) => Promise<GitRemote>;
  /** Keeps what is fetched until the entries are read. */
  readonly keep: Pick<AsyncDisposableStack, 'use'>;
  readonly signal: AbortSignal;
}

/** As go-git: submodules of submodules are followed so far down. */
const deepest = 10;
const mostSubmodules = 100;
const largestConfig = 1024 * 1024;

interface Submodule {
  readonly path: string;
  readonly url: string;
}

/**
 * Puts the content of submodules where they belong, at the commits that the tree names. A submodule that `.gitmodules` does not know stays
 * empty.
 * @param all every entry of the repository: its `.gitmodules` may be outside of what is wanted
 * @throws GitError whose text names the submodule
 */
export async function withSubmodules(
  entries: readonly SourceEntry[],
  all: readonly SourceEntry[],
  options: SubmoduleOptions,
): Promise<readonly SourceEntry[]> {
  return await expanded(entries, all, options, { depth: 0, count: { left: mostSubmodules } });
}

async function expanded(
  entries: readonly SourceEntry[],
  all: readonly SourceEntry[],
  options: SubmoduleOptions,
  budget: { readonly depth: number; readonly count: { left: number } },
): Promise<readonly SourceEntry[]> {
  const wanted = entries.filter(({ kind }) => kind === 'submodule');
  if (wanted.length === 0 || budget.depth >= deepest) return entries;
  const modules = new Map((await readModules(all)).map((module) => [module.path, module]));
  let result = entries;
  for (const entry of wanted) {
    const name = entry.path.join('/');
    const module = modules.get(name);
    if (module === undefined) continue;
    if (budget.count.left-- <= 0)
      throw new GitError('tooLarge', `cannot fetch submodules: more than ${mostSubmodules}`);
    try {
      const url = submoduleUrl(module.url, options.url);
      const inner = await fetched(entry.oid, url, options);
      const below = await expanded(
        inner,
        inner,
        { ...options, url: url.href },
        {
          ...budget,
          depth: budget.depth + 1,
        },
      );
      const root: SourceEntry = { path: entry.path, kind: 'tree', oid: '', from: empty };
      const moved = below.map((child) => ({ ...child, path: [...entry.path, ...child.path] }));
      const without = result.filter((known) => known !== entry);
      result = grafted(without, entry.path, [root, ...moved]) ?? result;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      throw new GitError(error.code, `unable to clone submodule '${name}': ${error.message}`, { cause: error });
    }
  }
  return result;
}

const empty: BlobSource = { readBlob: () => ({ sizeBytes: 0, content: new Uint8Array() }) };

async function fetched(
  commit: string,
  url: URL,
  { open, keep, signal }: SubmoduleOptions,
): Promise<readonly SourceEntry[]> {
  await using remote = await open(url);
  const target = { revision: `sha1:${commit}`, commit, want: commit };
  return checkoutEntries(keep.use(await checkOut(remote, { commit }, target, signal)));
}

/**
 * Where a submodule is: `./` and `../` begin at the repository that has it; `user@host:path` is SSH.
 * @throws GitError 'protocol' for addresses that are none of these
 */
export function submoduleUrl(text: string, parent: string): URL {
  const scp = /^(?:([^@/:]+)@)?([^@/:]+):(?!\/\/|:)(.+)$/.exec(text);
  let url: URL;
  try {
    if (text.startsWith('./') || text.startsWith('../')) url = new URL(text, `${parent.replace(/\/+$/, '')}/`);
    else if (scp !== null) url = new URL(`ssh://${scp[1] ?? 'git'}@${scp[2]}/${(scp[3] ?? '').replace(/^\//, '')}`);
    else url = new URL(text);
  } catch (error) {
    throw new GitError('protocol', 'its address cannot be parsed', { cause: error });
  }
  if (!['http:', 'https:', 'ssh:'].includes(url.protocol)) {
    throw new GitError('protocol', `unsupported scheme "${url.protocol.slice(0, -1)}"`);
  }
  return url;
}

async function readModules(entries: readonly SourceEntry[]): Promise<readonly Submodule[]> {
  const file = entries.find(({ path, kind }) => path.length === 1 && path[0] === '.gitmodules' && kind === 'file');
  if (file === undefined) return [];
  const { sizeBytes, content } = file.from.readBlob(file.oid);
  if (sizeBytes > largestConfig) {
    throw new GitError('tooLarge', `cannot read .gitmodules: larger than ${largestConfig} bytes`);
  }
  return parseModules((content instanceof Uint8Array ? Buffer.from(content) : await buffer(content)).toString('utf8'));
}

/** The sections `[submodule "…"]` of a Git configuration file that have both path and address. */
export function parseModules(text: string): readonly Submodule[] {
  const sections: { path?: string; url?: string }[] = [];
  let current: { path?: string; url?: string } | undefined;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line.startsWith('[')) {
      current = /^\[submodule\s+"/i.test(line) ? {} : undefined;
      if (current !== undefined) sections.push(current);
      continue;
    }
    const [, key = '', raw = ''] = /^([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (current === undefined) continue;
    if (key.toLowerCase() === 'path') current.path = configValue(raw);
    if (key.toLowerCase() === 'url') current.url = configValue(raw);
  }
  return sections.flatMap(({ path, url }) => (path && url ? [{ path: path.replace(/\/+$/, ''), url }] : []));
}

/** Quotes and what they protect; a comment ends a value. */
function configValue(raw: string): string {
  let value = '';
  let quoted = false;
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at] ?? '';
    if (character === '\\') value += raw[++at] ?? '';
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '#' || character === ';')) break;
    else value += character;
  }
  return value.trim();
}
