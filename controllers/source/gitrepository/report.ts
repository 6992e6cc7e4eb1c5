import { type Artifact, eventMetadata, type GitRepository } from '#crds';
import type { Checkout } from '#git';
import type { ConditionChange, EventDraft, Outcome } from '#runtime';
import type { Attempt } from './attempt.ts';
import { failureTypes } from './conditions.ts';
import { canCompareHeads } from './up-to-date.ts';
import type { Verified } from './verify-source.ts';

/** The run found nothing new: the artifact stays as it is, only its URL may follow the address of the store. */
export function reportUnchanged(attempt: Attempt, artifact: Artifact, verified?: Verified): Outcome {
  const { repository, run } = attempt;
  run.event(
    canCompareHeads(repository.spec) && isInStorage(repository)
      ? {
          type: 'Trace',
          reason: 'GitOperationSucceeded',
          message: `no changes since last reconciliation: observed revision '${artifact.revision}'`,
        }
      : {
          type: 'Trace',
          reason: 'ArtifactUpToDate',
          message: `artifact up-to-date with remote revision: '${artifact.revision}'`,
        },
  );
  if (hadFailed(repository)) run.event(storedEvent('Succeeded', artifact, artifact.revision));
  return ready(repository, artifact, { artifact, ...verificationStatus(repository, verified) }, verified);
}

/** The run stored something; it is news only when the bytes differ from those before the run. */
export function reportStored(
  { repository, run }: Attempt,
  artifact: Artifact,
  made: {
    readonly checkout: Pick<Checkout, 'commit'>;
    readonly verified: Verified | undefined;
    readonly included: readonly Artifact[];
  },
): Outcome {
  const what = shortMessage(made.checkout.commit.message);
  if (artifact.digest !== repository.status?.artifact?.digest) run.event(storedEvent('NewArtifact', artifact, what));
  else if (hadFailed(repository)) run.event(storedEvent('Succeeded', artifact, what));
  const { spec } = repository;
  const status = {
    artifact,
    observedIgnore: spec.ignore ?? null,
    observedRecurseSubmodules: spec.recurseSubmodules === true ? true : null,
    observedSparseCheckout: spec.sparseCheckout ?? null,
    observedInclude: spec.include ?? null,
    includedArtifacts: made.included.length === 0 ? null : made.included,
    ...verificationStatus(repository, made.verified),
  };
  return ready(repository, artifact, status, made.verified);
}

/** The mode of the last verification stays until nothing is to be verified any more. */
function verificationStatus(
  { spec, status }: GitRepository,
  verified: Verified | undefined,
): { readonly sourceVerificationMode: string | null } {
  const recorded = spec.verify === undefined ? null : (status?.sourceVerificationMode ?? null);
  return { sourceVerificationMode: verified?.mode ?? recorded };
}

function ready(
  { spec }: GitRepository,
  artifact: Artifact,
  status: Readonly<Record<string, unknown>>,
  verified: Verified | undefined,
): Outcome {
  const message = `stored artifact for revision '${artifact.revision}'`;
  const inStorage: ConditionChange = { type: 'ArtifactInStorage', status: 'True', reason: 'Succeeded', message };
  return {
    kind: 'ready',
    reason: 'Succeeded',
    message,
    conditions: verified === undefined ? [inStorage] : [inStorage, verified.condition],
    removes: spec.verify === undefined ? ['SourceVerified'] : [],
    status,
  };
}

function storedEvent(reason: 'NewArtifact' | 'Succeeded', artifact: Artifact, what: string): EventDraft {
  return {
    type: 'Normal',
    reason,
    message: `stored artifact for commit '${what}'`,
    metadata: { [eventMetadata.revision]: artifact.revision, [eventMetadata.digest]: artifact.digest },
  };
}

/** The subject of a commit, cut after 50 characters. */
export function shortMessage(message: string): string {
  const subject = [...(message.split('\n')[0] ?? '')];
  return subject.length > 50 ? `${subject.slice(0, 50).join('')}...` : subject.join('');
}

function hadFailed({ status }: GitRepository): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.status === 'True' && failureTypes.some((type) => type === condition.type),
  );
}

function isInStorage({ status }: GitRepository): boolean {
  return (status?.conditions ?? []).some(({ type, status: state }) => type === 'ArtifactInStorage' && state === 'True');
}
