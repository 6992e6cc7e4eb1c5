import type { Artifact, GitRepository } from '#crds';
import { type ConditionChange, ReconcileError, type Retry, type Run } from '#runtime';
import type { FetchFailedReason, StorageFailedReason } from './conditions.ts';

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
    if (this.artifact !== undefined) {
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

  #failed(type: string, reason: string, message: string, cause: unknown, retry: Retry): ReconcileError {
    const failure: ConditionChange = { type, status: 'True', reason, message };
    return new ReconcileError(reason, message, retry, {
      cause,
      conditions: this.#newRevision === undefined ? [failure] : [failure, this.#newRevision],
      removes: this.artifact === undefined ? ['ArtifactInStorage'] : [],
    });
  }
}
