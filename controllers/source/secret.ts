import { isNotFound, type KubeClient, type Resource } from '#kube';

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

export type SecretData = Readonly<Record<string, string>>;

/**
 * The data of a Secret as text.
 * @throws Error with a text fit for a condition
 */
export async function readSecret(
  client: Pick<KubeClient, 'get'>,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<SecretData> {
  try {
    const secret = await client.get(secrets, { namespace, name }, { signal });
    return decodeData(secret['data']);
  } catch (error) {
    signal.throwIfAborted();
    const why = isNotFound(error) ? `secrets "${name}" not found` : messageOf(error);
    throw new Error(`failed to get secret '${namespace}/${name}': ${why}`, { cause: error });
  }
}

function decodeData(data: unknown): SecretData {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
