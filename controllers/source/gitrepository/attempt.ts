import type { Artifact, GitRepository } from '#crds';
import { type ConditionChange, ReconcileError, type ReconcileErrorOptions, type Retry, type Run } from '#runtime';
import type { FetchFailedReason, IncludeReason, StorageFailedReason, VerificationReason } from './conditions.ts';
import { canonicalRevision } from './up-to-date.ts';

/** One run, with what it has found in the store. */
export class Attempt {
  readonly repository: GitRepository;
  readonly run: Run<GitRepository>;
  /** What the store really holds of what status says. */
  readonly artifact: Artifact | undefined;
  #newRevision: ConditionChange | undefined;

  constructor(run: Run<GitRepository>, artifact: Artifact | undefined) {
    this.repository = run.object;
    this.run = run;
    this.artifact = artifact;
  }

  /** Tells that there is something new to store; consumers keep the old artifact meanwhile. */
  announceRevision(revision: string): void {
    const message = `new upstream revision '${revision}'`;
    if (this.artifact !== undefined && canonicalRevision(this.artifact.revision) !== revision) {
      this.#newRevision = { type: 'ArtifactOutdated', status: 'True', reason: 'NewRevision', message };
    }
    this.run.progress(`building artifact: ${message}`, this.#newRevision === undefined ? [] : [this.#newRevision]);
  }

  fetchFailed(
    reason: FetchFailedReason,
    message: string,
    cause: unknown,
    retry: Retry = { when: 'backoff' },
  ): ReconcileError {
    return this.#failed('FetchFailed', reason, message, cause, retry);
  }

  storageFailed(reason: StorageFailedReason, message: string, cause: unknown): ReconcileError {
    return this.#failed('StorageOperationFailed', reason, message, cause, { when: 'backoff' });
  }

  /** A wait for another GitRepository: nobody's fault, so nobody is told. */
  includeUnavailable(reason: IncludeReason, message: string, waitMs: number, cause?: unknown): ReconcileError {
    const retry: Retry = { when: 'after', ms: waitMs };
    return this.#failed('IncludeUnavailable', reason, message, cause, retry, { event: 'trace' });
  }

  verificationFailed(
    reason: VerificationReason,
    message: string,
    cause?: unknown,
    retry: Retry = { when: 'backoff' },
  ): ReconcileError {
    return this.#failed('SourceVerified', reason, message, cause, retry);
  }

  #failed(
    type: string,
    reason: string,
    message: string,
    cause: unknown,
    retry: Retry,
    options: Pick<ReconcileErrorOptions, 'event'> = {},
  ): ReconcileError {
    // SourceVerified is the one that is good when true.
    const failure: ConditionChange = { type, status: type === 'SourceVerified' ? 'False' : 'True', reason, message };
    return new ReconcileError(reason, message, retry, {
      ...options,
      cause,
      conditions: this.#newRevision === undefined ? [failure] : [failure, this.#newRevision],
      removes: [
        ...(this.artifact === undefined ? ['ArtifactInStorage'] : []),
        // That a signature was wrong is not said of a run that did not come to look at it.
        ...(type !== 'SourceVerified' && wasRefused(this.repository) ? ['SourceVerified'] : []),
      ],
    });
  }
}

function wasRefused({ status }: GitRepository): boolean {
  return (status?.conditions ?? []).some((known) => known.type === 'SourceVerified' && known.status === 'False');
}
