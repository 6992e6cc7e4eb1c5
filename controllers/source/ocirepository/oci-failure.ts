import { type Deadline, deadline } from '#concurrency';
import { type OCIRepository, parseGoDuration } from '#crds';
import { OciError } from '#oci';
import type { SourceAttempt } from '../attempt.ts';
import type { FetchFailedReason } from './conditions.ts';

const defaultTimeout = '60s';

/** The time that one operation on the registry may take. */
export function operationDeadline({ object, run }: SourceAttempt<OCIRepository>): Deadline {
  return deadline(parseGoDuration(object.spec.timeout ?? defaultTimeout), run.signal);
}

/** Gives a failure to read from the registry its condition; what is no OciError stays as it is. */
export function ociFailure(
  attempt: SourceAttempt<OCIRepository>,
  reason: FetchFailedReason,
  what: string,
  error: unknown,
): unknown {
  if (!(error instanceof OciError)) return error;
  return attempt.failed('FetchFailed', reason, `${what}: ${error.message}`, { cause: error });
}
