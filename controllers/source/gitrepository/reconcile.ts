import type { GitRepository } from '#crds';
import type { Outcome, Run } from '#runtime';
import { checkStorage } from '../check-storage.ts';
import { announceRun, refuseUnsupported } from '../refuse-unsupported.ts';
import { Attempt } from './attempt.ts';
import { collectEntries, copyIncludes } from './collect-entries.ts';
import type { Deps } from './deps.ts';
import { fetchCheckout } from './fetch-checkout.ts';
import { openRemotes } from './open-remote.ts';
import { reportStored, reportUnchanged } from './report.ts';
import { resolveIncludes } from './resolve-includes.ts';
import { resolveTarget } from './resolve-target.ts';
import { storeArtifact } from './store-artifact.ts';
import { isUpToDate } from './up-to-date.ts';
import { isVerified, readVerification, verifySource } from './verify-source.ts';

/** One look at one GitRepository, in the order of source spec 2.2 and 3.1. */
export async function reconcileGitRepository(
  repository: GitRepository,
  run: Run<GitRepository>,
  deps: Deps,
): Promise<Outcome> {
  refuseUnsupported(repository);
  announceRun(run);
  const artifact = await run.step('CheckStorage', () => checkStorage(run, deps));
  const attempt = new Attempt(run, artifact);
  await using remotes = await run.step('OpenRemote', () => openRemotes(attempt, deps));
  const included = await run.step('ResolveIncludes', () => resolveIncludes(attempt, deps));
  const target = await run.step('ResolveReference', () => resolveTarget(attempt, remotes.remote));
  const verification = await run.step('ReadVerification', () => readVerification(attempt, target, deps));
  const sources = included.map((source) => source.artifact);
  const isStored = artifact !== undefined && isUpToDate(repository, artifact, target, sources);
  const isTrusted = isVerified(repository, target, verification, deps);
  if (isStored && isTrusted) return reportUnchanged(attempt, artifact);

  await using keep = new AsyncDisposableStack();
  const checkout = await run.step('Fetch', () =>
    fetchCheckout(attempt, remotes.remote, target, { withoutTrees: isStored }),
  );
  keep.use(checkout);
  const wanted = isStored ? [] : await run.step('Collect', () => collectEntries(attempt, checkout, keep, remotes.open));
  const verified =
    verification === undefined
      ? undefined
      : await run.step('Verify', () => verifySource(attempt, checkout, verification, deps));
  if (isStored) return reportUnchanged(attempt, artifact, verified);
  attempt.announceRevision(target.revision);
  const entries = await run.step('CopyIncludes', () => copyIncludes(attempt, wanted, included, keep, deps));
  const stored = await run.step('StoreArtifact', () => storeArtifact(attempt, checkout, entries, deps));
  return reportStored(attempt, stored, { checkout, verified, included: sources });
}
