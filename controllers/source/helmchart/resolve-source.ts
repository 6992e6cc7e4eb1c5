import {
  type Artifact,
  asBucket,
  asGitRepository,
  asHelmRepository,
  type HelmChart,
  type HelmRepository,
  kinds,
} from '#crds';
import type { SourceAttempt } from '../attempt.ts';
import { ownerOf } from '../check-storage.ts';
import type { SourceDeps } from '../deps.ts';
import { messageOf } from '../secret.ts';

/** What a chart is made of. */
export type ChartSource =
  | { readonly kind: 'repository'; readonly object: HelmRepository; readonly artifact: Artifact | undefined }
  | { readonly kind: 'folder'; readonly artifact: Artifact };

/**
 * The source that a HelmChart names, with an artifact that is really there.
 * @throws ReconcileError 'SourceUnavailable' | 'NoSourceArtifact'
 */
export async function resolveChartSource(attempt: SourceAttempt<HelmChart>, deps: SourceDeps): Promise<ChartSource> {
  const object = await findSource(attempt, deps);
  if (object.kind === 'HelmRepository' && object.spec.type === 'oci') {
    return { kind: 'repository', object, artifact: undefined };
  }
  const artifact = object.status?.artifact;
  if (artifact === undefined || !deps.store.owns(ownerOf(object), artifact.path)) throw noArtifact(attempt);
  if ((await deps.store.check(artifact)) !== 'intact') throw noArtifact(attempt);
  return object.kind === 'HelmRepository' ? { kind: 'repository', object, artifact } : { kind: 'folder', artifact };
}

const parsers = { HelmRepository: asHelmRepository, GitRepository: asGitRepository, Bucket: asBucket } as const;

async function findSource(
  attempt: SourceAttempt<HelmChart>,
  deps: SourceDeps,
): Promise<ReturnType<(typeof parsers)[keyof typeof parsers]>> {
  const { kind, name } = attempt.object.spec.sourceRef;
  const { namespace } = attempt;
  const { signal } = attempt.run;
  const unavailable = (why: string, cause?: unknown): Error =>
    attempt.failed('FetchFailed', 'SourceUnavailable', `failed to get source: ${why}`, { cause });
  let found: Awaited<ReturnType<SourceDeps['client']['find']>>;
  try {
    found = await deps.client.find(kinds[kind], { namespace, name }, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw unavailable(messageOf(error), error);
  }
  if (found === undefined) throw unavailable(`${kinds[kind].plural}.source.toolkit.fluxcd.io "${name}" not found`);
  return parsers[kind](found);
}

/** A change of the source wakes the chart; until then it is tried again in case that was missed. */
function noArtifact(attempt: SourceAttempt<HelmChart>): Error {
  const { kind, name } = attempt.object.spec.sourceRef;
  return attempt.failed('FetchFailed', 'NoSourceArtifact', `no artifact available for ${kind} source '${name}'`);
}
