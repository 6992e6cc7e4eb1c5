import type { HelmChart } from '#crds';
import { verifyCosign } from '#oci';
import type { SourceAttempt } from '../attempt.ts';
import { readCosignKeys } from '../cosign-keys.ts';
import type { SourceDeps } from '../deps.ts';
import { messageOf } from '../secret.ts';
import { ChartRepositoryError } from './chart-failure.ts';
import type { ChartRepository, FoundChart } from './chart-repository.ts';

/**
 * Refuses a chart that nobody trusted has signed; looked at on every run.
 * @throws ReconcileError 'ChartVerificationError'
 */
export async function verifyChart(
  attempt: SourceAttempt<HelmChart>,
  repository: ChartRepository,
  found: FoundChart,
  version: string,
  deps: SourceDeps,
): Promise<void> {
  const { verify, chart } = attempt.object.spec;
  if (verify === undefined) return;
  const { signal } = attempt.run;
  try {
    const registry = repository.registryOf(chart);
    if (registry === undefined || found.digest === undefined) {
      throw new ChartRepositoryError('only charts of a HelmRepository of type oci can be verified');
    }
    const keys = await readCosignKeys(verify, attempt.namespace, deps, signal);
    await verifyCosign(registry, found.digest, keys, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw unverified(attempt, error, verify.provider);
  }
  const message = `verified signature of version ${version}`;
  attempt.establish({ type: 'SourceVerified', status: 'True', reason: 'Succeeded', message });
}

function unverified(attempt: SourceAttempt<HelmChart>, error: unknown, provider: string): Error {
  const message = `chart verification error: failed to verify the signature using provider '${provider}': ${messageOf(error)}`;
  return attempt.failed('BuildFailed', 'ChartVerificationError', message, {
    cause: error,
    conditions: [{ type: 'SourceVerified', status: 'False', reason: 'VerificationError', message }],
  });
}
