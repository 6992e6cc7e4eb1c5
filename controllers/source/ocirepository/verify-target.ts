import type { Condition, OCIRepository } from '#crds';
import { OciError, type Repository, verifyCosign } from '#oci';
import type { SourceAttempt } from '../attempt.ts';
import type { SourceDeps } from '../deps.ts';
import { readCosignKeys } from '../cosign-keys.ts';
import { messageOf } from '../secret.ts';
import { operationDeadline } from './oci-failure.ts';
import type { Target } from './resolve-target.ts';

/**
 * Refuses a manifest that nobody trusted has signed. What was verified once is not verified again for the same spec and revision.
 * @throws ReconcileError 'VerificationError'
 */
export async function verifyTarget(
  attempt: SourceAttempt<OCIRepository>,
  repository: Repository,
  target: Target,
  deps: SourceDeps,
): Promise<void> {
  const { verify } = attempt.object.spec;
  if (verify === undefined || !needsVerification(attempt, target)) return;
  const provider = verify.provider ?? 'cosign';
  try {
    const keys = await readCosignKeys(verify, attempt.namespace, deps, attempt.run.signal);
    using timer = operationDeadline(attempt);
    await verifyCosign(repository, target.digest, keys, timer.signal);
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    if (!(error instanceof OciError) && !(error instanceof Error)) throw error;
    const message = `failed to verify the signature using provider '${provider}': ${messageOf(error)}`;
    const refused = { type: 'SourceVerified', status: 'False', reason: 'VerificationError', message } as const;
    throw attempt.refused('VerificationError', message, { cause: error, conditions: [refused] });
  }
  attempt.establish({
    type: 'SourceVerified',
    status: 'True',
    reason: 'Succeeded',
    message: `verified signature of revision ${target.revision}`,
  });
}

function needsVerification({ object, artifact }: SourceAttempt<OCIRepository>, target: Target): boolean {
  const known: Condition | undefined = object.status?.conditions?.find(({ type }) => type === 'SourceVerified');
  return (
    artifact?.revision !== target.revision ||
    known?.status !== 'True' ||
    known.observedGeneration !== object.metadata.generation
  );
}
