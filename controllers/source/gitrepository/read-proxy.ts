import { proxyFromEnvironment, type ProxyOptions, readProxy } from '#git';
import { ReconcileError } from '#runtime';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';
import { messageOf, readCredentials } from './read-secret.ts';

/**
 * The proxy of `spec.proxySecretRef`, which beats the one of the environment.
 * @throws ReconcileError 'AuthenticationFailed'
 */
export async function proxyOf(
  attempt: Attempt,
  deps: Pick<Deps, 'client' | 'env'>,
): Promise<(target: URL) => ProxyOptions | undefined> {
  const { proxySecretRef } = attempt.repository.spec;
  if (proxySecretRef === undefined) return (target) => proxyFromEnvironment(deps.env, target);
  try {
    const data = await readCredentials(attempt, proxySecretRef.name, deps);
    const { address } = data;
    if (address === undefined || address === '') {
      const namespace = attempt.repository.metadata.namespace ?? '';
      throw new Error(`invalid proxy secret '${namespace}/${proxySecretRef.name}': key 'address' is missing`);
    }
    const proxy = readProxy({ address: address.trim(), username: data['username'], password: data['password'] });
    return () => proxy;
  } catch (error) {
    if (error instanceof ReconcileError) throw error;
    throw attempt.fetchFailed('AuthenticationFailed', `failed to configure proxy options: ${messageOf(error)}`, error);
  }
}
