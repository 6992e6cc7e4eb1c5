import { isNotFound, type Resource } from '#kube';
import type { Attempt } from './attempt.ts';
import type { Deps } from './deps.ts';

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/**
 * The data of a Secret beside the object.
 * @throws Error whose text is fit for a condition: `secrets "x" not found`
 */
export async function readSecret(
  { repository, run }: Attempt,
  name: string,
  deps: Pick<Deps, 'client'>,
): Promise<Readonly<Record<string, string>>> {
  const namespace = repository.metadata.namespace ?? '';
  try {
    const secret = await deps.client.get(secrets, { namespace, name }, { signal: run.signal });
    return decodeData(secret['data']);
  } catch (error) {
    run.signal.throwIfAborted();
    throw isNotFound(error) ? new Error(`secrets "${name}" not found`, { cause: error }) : error;
  }
}

/** As Flux names a Secret that cannot be read for credentials: it says it twice, and people's alerts match on its words. */
export async function readCredentials(
  attempt: Attempt,
  name: string,
  deps: Pick<Deps, 'client'>,
): Promise<Readonly<Record<string, string>>> {
  try {
    return await readSecret(attempt, name, deps);
  } catch (error) {
    attempt.run.signal.throwIfAborted();
    const prefix = `failed to get secret '${attempt.repository.metadata.namespace ?? ''}/${name}'`;
    throw attempt.fetchFailed('AuthenticationFailed', `${prefix}: ${prefix}: ${messageOf(error)}`, error);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function decodeData(data: unknown): Readonly<Record<string, string>> {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
  );
}
