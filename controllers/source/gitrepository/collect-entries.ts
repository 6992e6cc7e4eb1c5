import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { fetchArtifact } from '#artifact';
import {
  type Checkout,
  checkoutEntries,
  folderEntries,
  type GitRemote,
  grafted,
  missingFolder,
  type SourceEntry,
  sparseEntries,
  withSubmodules,
} from '#git';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';
import { gitFailure, operationDeadline } from './git-failure.ts';
import { messageOf } from './read-secret.ts';
import type { Included } from './resolve-includes.ts';

/** How often a download from the store is tried again: a run that fails is tried again as a whole. */
const downloadRetries = 2;

/**
 * What the spec wants of a checkout: the folders of a sparse one, with submodules.
 * @throws ReconcileError 'GitOperationFailed'
 */
export async function collectEntries(
  attempt: Attempt,
  checkout: Checkout,
  keep: AsyncDisposableStack,
  open: (url: URL) => Promise<GitRemote>,
): Promise<readonly SourceEntry[]> {
  const { sparseCheckout, recurseSubmodules, url } = attempt.repository.spec;
  try {
    const all = checkoutEntries(checkout);
    const wanted = sparseEntries(all, sparseCheckout);
    const missing = missingFolder(wanted, sparseCheckout);
    if (missing !== undefined) {
      const message = `failed to sparse checkout directories : sparse checkout dir '${missing}' does not exist in repository: lstat ${missing}: no such file or directory`;
      throw attempt.fetchFailed('GitOperationFailed', message, undefined);
    }
    if (recurseSubmodules !== true) return wanted;
    using timer = operationDeadline(attempt);
    return await withSubmodules(wanted, all, { url, open, keep, signal: timer.signal });
  } catch (error) {
    throw gitFailure(attempt, error);
  }
}

/**
 * Puts the content of other repositories' artifacts in.
 * @throws ReconcileError 'CopyFailure'
 */
export async function copyIncludes(
  attempt: Attempt,
  entries: readonly SourceEntry[],
  included: readonly Included[],
  keep: AsyncDisposableStack,
  deps: Pick<Deps, 'temporaryDir'>,
): Promise<readonly SourceEntry[]> {
  let result = entries;
  for (const { include, artifact } of included) {
    const name = include.repository.name;
    const [from, to] = [inside(include.fromPath ?? ''), inside(include.toPath ?? name)];
    const failed = (why: string, cause?: unknown): Error => {
      const shown = `include from ${from.join('/') || '.'} to ${to.join('/') || '.'}`;
      return attempt.storageFailed('CopyFailure', `failed to copy '${name}' ${shown}: ${why}`, cause);
    };
    const dir = join(deps.temporaryDir, `include-${randomUUID()}`);
    keep.defer(() => rm(dir, { recursive: true, force: true }));
    let added: readonly SourceEntry[];
    try {
      await fetchArtifact(artifact, dir, { signal: attempt.run.signal, retries: downloadRetries });
      added = await folderEntries(join(dir, ...from), to);
    } catch (error) {
      attempt.run.signal.throwIfAborted();
      const isMissing = error instanceof Error && 'code' in error && error.code === 'objectNotFound';
      throw failed(isMissing ? `cannot stat ${from.join('/')}: no such file or directory` : messageOf(error), error);
    }
    const grown = grafted(result, to, added);
    if (grown === undefined) throw failed(`rename ${to.join('/') || '.'}: file exists`);
    result = grown;
  }
  return result;
}

/** The parts of a path; one that would leave its root stays at the root. */
function inside(path: string): readonly string[] {
  return posix.normalize(`/${path}`).split('/').filter(Boolean);
}
