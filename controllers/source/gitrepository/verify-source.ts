import type { GitRepository } from '#crds';
import { type Checkout, readTrustedKeys, type Target, type TrustedKeys, verifyCommit, verifyTag } from '#git';
import type { ConditionChange } from '#runtime';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';
import { messageOf, readSecret } from './read-secret.ts';

export type VerificationMode = 'HEAD' | 'Tag' | 'TagAndHEAD';

/** What is to be verified, and by whom. */
export interface Verification {
  readonly mode: VerificationMode;
  readonly keys: TrustedKeys;
}

/** What a run says of the signatures. */
export interface Verified {
  readonly mode: VerificationMode;
  readonly condition: ConditionChange;
}

/**
 * What `spec.verify` asks for, with the keys of its Secret.
 * @returns undefined when nothing is to be verified
 * @throws ReconcileError 'VerificationError' | 'InvalidVerificationMode'
 */
export async function readVerification(
  attempt: Attempt,
  target: Target,
  deps: Pick<Deps, 'client'>,
): Promise<Verification | undefined> {
  const { verify } = attempt.repository.spec;
  const mode = verificationMode(attempt.repository);
  if (verify === undefined || mode === undefined) return undefined;
  let keys: TrustedKeys;
  try {
    keys = readTrustedKeys(await readSecret(attempt, verify.secretRef.name, deps));
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    throw attempt.verificationFailed('VerificationError', `PGP public keys secret error: ${messageOf(error)}`, error);
  }
  if (mode !== 'HEAD' && target.tag === undefined) {
    const message = "cannot verify tag object's signature if a tag reference is not specified";
    throw attempt.verificationFailed('InvalidVerificationMode', message, undefined, { when: 'specChanges' });
  }
  return { mode, keys };
}

/** `head` is the old spelling of `HEAD`. */
export function verificationMode({ spec }: GitRepository): VerificationMode | undefined {
  const mode = spec.verify?.mode ?? (spec.verify === undefined ? undefined : 'HEAD');
  return mode === 'head' ? 'HEAD' : mode;
}

/** Whether the verification that status records is at least as strong as what is asked for. */
export function coversMode(recorded: string | undefined, wanted: VerificationMode): boolean {
  return recorded === 'TagAndHEAD' || recorded === wanted;
}

/**
 * Whether nothing has to be verified: no one asks, or what status records was made with the keys of today. Status does not tell the keys, so
 * the first run of a process looks again.
 */
export function isVerified(
  { metadata, status }: GitRepository,
  target: Target,
  verification: Verification | undefined,
  { verified }: Pick<Deps, 'verified'>,
): boolean {
  if (verification === undefined) return true;
  const { mode, keys } = verification;
  const isTrue = (status?.conditions ?? []).some((known) => known.type === 'SourceVerified' && known.status === 'True');
  return (
    isTrue &&
    coversMode(status?.sourceVerificationMode, mode) &&
    verified.has(metadata.uid ?? '', target.revision, keys)
  );
}

/**
 * Checks the signatures of what was fetched, the tag's first.
 * @throws ReconcileError 'InvalidGitObject' | 'InvalidTagSignature' | 'InvalidCommitSignature'
 */
export async function verifySource(
  attempt: Attempt,
  checkout: Checkout,
  { mode, keys }: Verification,
  deps: Pick<Deps, 'verified'>,
): Promise<Verified> {
  const lines: string[] = [];
  if (mode !== 'HEAD') {
    const tag = tagName(checkout);
    const key = await verifyTag(checkout, keys).catch((error: unknown) => {
      const message = `signature verification of tag '${tag}' failed: ${messageOf(error)}`;
      throw attempt.verificationFailed('InvalidTagSignature', message, error);
    });
    if (key === undefined) {
      const message = `cannot verify signature of tag '${tag}' since it is not signed`;
      throw attempt.verificationFailed('InvalidGitObject', message);
    }
    lines.push(`tag '${tag}' with key '${key}'`);
  }
  if (mode !== 'Tag') {
    const commit = checkout.commit.oid;
    const key = await verifyCommit(checkout, keys).catch((error: unknown) => {
      const message = `signature verification of commit '${commit}' failed: ${messageOf(error)}`;
      throw attempt.verificationFailed('InvalidCommitSignature', message, error);
    });
    lines.push(`commit '${commit}' with key '${key}'`);
  }
  const message = `verified signature of${lines.map((line) => `\n\t- ${line}`).join('')}`;
  deps.verified.add(attempt.repository.metadata.uid ?? '', checkout.target.revision, keys);
  attempt.run.event({ type: 'Trace', reason: 'Succeeded', message });
  return { mode, condition: { type: 'SourceVerified', status: 'True', reason: 'Succeeded', message } };
}

/** As Flux shows a tag: with its object's hash when it has one of its own. */
function tagName({ target }: Checkout): string {
  return target.want === target.commit ? (target.tag ?? '') : `${target.tag}@${target.want}`;
}
