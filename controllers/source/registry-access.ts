import type { LocalObjectReference } from '#crds';
import { isNotFound, type KubeClient, type Resource } from '#kube';
import { findCredentials, type RegistryCredentials, type RepositoryName } from '#oci';
import { messageOf, readSecret } from './secret.ts';

const serviceAccounts: Resource = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};

export interface RegistryAccess {
  readonly secretRef?: LocalObjectReference | undefined;
  /** Its pull secrets count as well. */
  readonly serviceAccountName?: string | undefined;
}

interface Deps {
  readonly client: Pick<KubeClient, 'get'>;
}

const configKey = '.dockerconfigjson';

/**
 * The credentials for a repository, from the Secret and the pull secrets that a source names; the first that has any.
 * @throws Error with a text fit for a condition
 */
export async function registryCredentials(
  access: RegistryAccess,
  namespace: string,
  repository: RepositoryName,
  deps: Deps,
  signal: AbortSignal,
): Promise<RegistryCredentials | undefined> {
  const names = access.secretRef === undefined ? [] : [access.secretRef.name];
  if (access.serviceAccountName !== undefined && access.serviceAccountName !== '') {
    names.push(...(await pullSecretNames(access.serviceAccountName, namespace, deps, signal)));
  }
  for (const name of names) {
    const data = await readSecret(deps.client, namespace, name, signal);
    const config = data[configKey];
    if (config === undefined) throw new Error(`invalid secret '${namespace}/${name}': key '${configKey}' is missing`);
    let found: RegistryCredentials | undefined;
    try {
      found = findCredentials(config, repository.registry, repository.repository);
    } catch (error) {
      throw new Error(`invalid secret '${namespace}/${name}': ${messageOf(error)}`, { cause: error });
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

async function pullSecretNames(
  name: string,
  namespace: string,
  deps: Deps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let account: Awaited<ReturnType<KubeClient['get']>>;
  try {
    account = await deps.client.get(serviceAccounts, { namespace, name }, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const why = isNotFound(error) ? `serviceaccounts "${name}" not found` : messageOf(error);
    throw new Error(`failed to get service account '${namespace}/${name}': ${why}`, { cause: error });
  }
  const references = account['imagePullSecrets'];
  if (!Array.isArray(references)) return [];
  return references
    .map((reference: unknown) =>
      typeof reference === 'object' && reference !== null && 'name' in reference ? reference.name : undefined,
    )
    .filter((found): found is string => typeof found === 'string' && found !== '');
}
