import type { Kustomization } from '#crds';
import type { Outcome, Run } from '#runtime';
import { applyManifests, reportContested } from './apply-manifests.ts';
import { Attempt, withStatus } from './attempt.ts';
import { buildManifests } from './build-manifests.ts';
import { checkDependencies } from './check-dependencies.ts';
import { checkHealth } from './check-health.ts';
import type { Deps } from './deps.ts';
import { healthExpressions } from './expressions.ts';
import { fetchArtifact } from './fetch-artifact.ts';
import { isObserver, observe } from './observe.ts';
import { openCluster } from './open-cluster.ts';
import { pruneStale } from './prune-stale.ts';
import { refuseWhatIsNotAllowed } from './refuse.ts';
import { resolveFolder } from './resolve-folder.ts';
import { resolveSource } from './resolve-source.ts';

/** Makes the cluster equal to what the source of a Kustomization says (spec A6). */
export async function reconcileKustomization(
  kustomization: Kustomization,
  run: Run<Kustomization>,
  deps: Deps,
): Promise<Outcome> {
  healthExpressions(kustomization); // refuses those that do not compile, before anything else is looked at
  refuseWhatIsNotAllowed(kustomization, deps.settings);
  const artifact = await run.step('ResolveSource', () => resolveSource(kustomization, deps));
  await run.step('CheckDependencies', () => checkDependencies(kustomization, artifact, deps));
  const attempt = new Attempt(kustomization, run, artifact);
  try {
    return await carryOut(attempt, deps);
  } catch (error) {
    throw withStatus(error, attempt);
  }
}

async function carryOut(attempt: Attempt, deps: Deps): Promise<Outcome> {
  const { run } = attempt;
  attempt.progress('Fetching manifests for');
  await using unpacked = await run.step('FetchArtifact', () => fetchArtifact(attempt, deps));
  const folder = await run.step('ResolvePath', () => folderOf(attempt, unpacked.path));
  attempt.establish({ lastAttemptedRevision: attempt.revision });
  await run.step('OpenCluster', () => openCluster(attempt, deps));
  attempt.progress('Building manifests for');
  const manifests = await run.step('Build', () => buildManifests(attempt, unpacked.path, folder, deps));
  attempt.manifests = manifests;
  attempt.progress('Detecting drift for');
  if (isObserver(attempt.kustomization)) return run.step('Observe', () => observe(attempt, manifests));
  const changes = await run.step('Apply', () => applyManifests(attempt, manifests, deps));
  await run.step('Prune', () => pruneStale(attempt, changes));
  reportContested(
    attempt,
    changes.map(({ id }) => id),
    deps,
  );
  attempt.progress('Running health checks for');
  const health = await run.step('CheckHealth', () => checkHealth(attempt, changes, deps));
  if (health.kind === 'waiting') return health;
  deps.finished.set(run, { ms: attempt.elapsedMs(), metadata: attempt.metadata });
  return {
    kind: 'ready',
    reason: 'ReconciliationSucceeded',
    message: `Applied revision: ${attempt.revision}`,
    conditions: health.conditions,
    removes: health.removes,
    status: attempt.successStatus(),
  };
}

async function folderOf(attempt: Attempt, root: string): Promise<string> {
  try {
    return await resolveFolder(root, attempt.kustomization.spec.path);
  } catch (error) {
    throw attempt.failed('ArtifactFailed', error);
  }
}
