import type { HelmRepository } from '#crds';
import { HelmError, parseIndex, printIndex } from '#helm';
import type { SourceAttempt } from '../attempt.ts';

/**
 * What of an index is worth storing, as JSON.
 * @throws ReconcileError 'IndexationFailed'
 */
export function readIndex(attempt: SourceAttempt<HelmRepository>, bytes: Buffer): string {
  try {
    return printIndex(parseIndex(bytes));
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    const message = `failed to load Helm repository from index YAML: ${error.message}`;
    throw attempt.failed('FetchFailed', 'IndexationFailed', message, { cause: error });
  }
}
