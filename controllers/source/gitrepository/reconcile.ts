import type { GitRepository } from '#crds';
import type { Outcome, Run } from '#runtime';
import { checkStorage } from '../check-storage.ts';
import { announceRun, refuseUnsupported } from '../refuse-unsupported.ts';
import { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';
import { fetchCheckout } from './fetch-checkout.ts';
import { openRemote } from './open-remote.ts';
import { reportStored, reportUnchanged } from './report.ts';
import { resolveTarget } from './resolve-target.ts';
import { storeArtifact } from './store-artifact.ts';
import { isUpToDate } from './up-to-date.ts';

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
  await using remote = await run.step('OpenRemote', () => openRemote(attempt, deps));
  const target = await run.step('ResolveReference', () => resolveTarget(attempt, remote));
  if (artifact !== undefined && isUpToDate(repository, artifact, target)) return reportUnchanged(attempt, artifact);
  attempt.announceRevision(target.revision);
  using checkout = await run.step('Fetch', () => fetchCheckout(attempt, remote, target));
  const stored = await run.step('StoreArtifact', () => storeArtifact(attempt, checkout, deps));
  return reportStored(attempt, stored, checkout);
}
