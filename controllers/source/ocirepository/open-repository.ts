import type { OCIRepository } from '#crds';
import { OciError, parseOciUrl, Repository, type RepositoryName } from '#oci';
import type { SourceAttempt } from '../attempt.ts';
import { openConnection } from '../connection.ts';
import type { SourceDeps } from '../deps.ts';
import { registryCredentials } from '../registry-access.ts';
import { messageOf } from '../secret.ts';

export interface OpenRepository extends AsyncDisposable {
  readonly repository: Repository;
}

/**
 * The repository with the credentials that the spec names. Nothing is connected yet.
 * @throws ReconcileError 'URLInvalid' | 'AuthenticationFailed'
 */
export async function openRepository(attempt: SourceAttempt<OCIRepository>, deps: SourceDeps): Promise<OpenRepository> {
  const { spec } = attempt.object;
  const { signal } = attempt.run;
  const name = repositoryName(attempt);
  try {
    const credentials = await registryCredentials(spec, attempt.namespace, name, deps, signal);
    // Source spec 3.2: without certificates of its own, insecure also means any certificate.
    const tls = spec.insecure === true ? { skipVerify: true } : undefined;
    const connection = await openConnection(
      { ...spec, tls, target: new URL(`https://${name.registry}`) },
      attempt.namespace,
      deps,
      signal,
    );
    const { dispatcher } = connection;
    const repository = new Repository({ ...name, credentials, insecure: spec.insecure, dispatcher });
    return { repository, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
  } catch (error) {
    signal.throwIfAborted();
    const message = `failed to get credential: ${messageOf(error)}`;
    throw attempt.failed('FetchFailed', 'AuthenticationFailed', message, { cause: error });
  }
}

function repositoryName(attempt: SourceAttempt<OCIRepository>): RepositoryName {
  try {
    return parseOciUrl(attempt.object.spec.url);
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    throw attempt.failed('FetchFailed', 'URLInvalid', error.message, { cause: error, retry: { when: 'specChanges' } });
  }
}
