import { isNotFound, type KubeClient, type Resource } from '#kube';
import { isRecord } from './json-record.ts';

export const secretResource: Resource = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
};

/** The decoded `data` of a Secret. Tokens need not be text, so the values are bytes. */
export type SecretData = ReadonlyMap<string, Buffer>;

/** Always from the API server: Secrets are not kept in memory. @throws Error `secrets "name" not found` */
export async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<SecretData> {
  let data: unknown;
  try {
    data = (await client.get(secretResource, { namespace, name }, { signal }))['data'];
  } catch (error) {
    if (isNotFound(error)) throw new Error(`secrets "${name}" not found`, { cause: error });
    throw error;
  }
  const entries = Object.entries(isRecord(data) ? data : {});
  return new Map(entries.map(([key, value]) => [key, Buffer.from(String(value), 'base64')]));
}
