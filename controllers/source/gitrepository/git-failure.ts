import { deadline, type Deadline } from '#concurrency';
import { parseGoDuration } from '#crds';
import { GitError } from '#git';
import type { Attempt } from './attempt.ts';

const defaultTimeout = '60s';

/** The time that one operation on the remote may take. */
export function operationDeadline({ repository, run }: Attempt): Deadline {
  return deadline(parseGoDuration(repository.spec.timeout ?? defaultTimeout), run.signal);
}

/** Gives a failure of a Git operation its condition; what is no GitError stays as it is. */
export function gitFailure(attempt: Attempt, error: unknown): unknown {
  if (!(error instanceof GitError)) return error;
  if (error.code === 'emptyRepository') return attempt.fetchFailed('EmptyGitRepository', error.message, error);
  const message = `failed to checkout and determine revision: ${error.message}`;
  return attempt.fetchFailed('GitOperationFailed', message, error);
}
