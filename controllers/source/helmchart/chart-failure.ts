import type { HelmChart } from '#crds';
import { HelmError } from '#helm';
import { HttpError } from '#http';
import { OciError } from '#oci';
import { ReconcileError, type Retry } from '#runtime';
import type { FailureType, SourceAttempt } from '../attempt.ts';

export type ChartFailureReason =
  | 'InvalidChartReference'
  | 'ChartPullError'
  | 'MetadataPatchError'
  | 'ValuesFilesError'
  | 'DependencyBuildError';

/** What can go wrong with a chart, with Flux's words for it (source spec 3.5). */
const chartFailures: Readonly<
  Record<ChartFailureReason, { readonly type: FailureType; readonly prefix: string; readonly stalls: boolean }>
> = {
  InvalidChartReference: { type: 'FetchFailed', prefix: 'invalid chart reference', stalls: true },
  ChartPullError: { type: 'FetchFailed', prefix: 'chart pull error', stalls: false },
  MetadataPatchError: { type: 'BuildFailed', prefix: 'chart metadata patch error', stalls: true },
  ValuesFilesError: { type: 'BuildFailed', prefix: 'values files merge error', stalls: true },
  DependencyBuildError: { type: 'BuildFailed', prefix: 'dependency build error', stalls: false },
};

/** A chart repository that answers with what is no chart; the text is fit for a condition. */
export class ChartRepositoryError extends Error {
  override readonly name = 'ChartRepositoryError';
}

const authenticationWords = /\b401\b|unauthorized|tls: |x509: /i;

/** Gives a failure its condition. What is neither about a chart nor about its server stays as it is. */
export function chartFailure(attempt: SourceAttempt<HelmChart>, reason: ChartFailureReason, error: unknown): unknown {
  if (error instanceof ReconcileError || !isTold(error)) return error;
  const { type, prefix, stalls } = chartFailures[reason];
  const message = `${prefix}: ${error.message}`;
  if (type === 'FetchFailed' && authenticationWords.test(error.message)) {
    return attempt.failed('FetchFailed', 'AuthenticationFailed', message, { cause: error });
  }
  const retry: Retry = stalls ? { when: 'specChanges' } : { when: 'backoff' };
  return attempt.failed(type, reason, message, { cause: error, retry });
}

function isTold(error: unknown): error is Error {
  return (
    error instanceof HelmError ||
    error instanceof HttpError ||
    error instanceof OciError ||
    error instanceof ChartRepositoryError
  );
}
