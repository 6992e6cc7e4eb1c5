import type { OCIRepository } from '#crds';
import type { Outcome, Run } from '#runtime';
import { SourceAttempt } from '../attempt.ts';
import { checkStorage } from '../check-storage.ts';
import type { SourceDeps } from '../deps.ts';
import { announceRun, refuseUnsupported } from '../refuse-unsupported.ts';
import { openRepository } from './open-repository.ts';
import { pullLayer } from './pull-layer.ts';
import { reportPulled, reportUpToDate } from './report.ts';
import { resolveTarget } from './resolve-target.ts';
import { storeLayer } from './store-layer.ts';
import { isUpToDate } from './up-to-date.ts';
import { verifyTarget } from './verify-target.ts';

/** One look at one OCIRepository, in the order of source spec 2.2 and 3.2. */
export async function reconcileOCIRepository(
  object: OCIRepository,
  run: Run<OCIRepository>,
  deps: SourceDeps,
): Promise<Outcome> {
  refuseUnsupported(object);
  announceRun(run);
  const artifact = await run.step('CheckStorage', () => checkStorage(run, deps));
  const attempt = new SourceAttempt(run, artifact);
  await using remote = await run.step('OpenRepository', () => openRepository(attempt, deps));
  const target = await run.step('ResolveReference', () => resolveTarget(attempt, remote.repository));
  if (artifact?.revision !== target.revision)
    attempt.announce('NewRevision', `new upstream revision '${target.revision}'`);
  await run.step('Verify', () => verifyTarget(attempt, remote.repository, target, deps));
  if (artifact !== undefined && isUpToDate(object, artifact, target)) return reportUpToDate(attempt, artifact, deps);
  const layer = await run.step('Pull', () => pullLayer(attempt, remote.repository, target));
  const stored = await run.step('StoreArtifact', () => storeLayer(attempt, remote.repository, layer, deps));
  return reportPulled(attempt, stored);
}
