import type { KeyObject } from 'node:crypto';
import type { ChartVerification } from '#crds';
import type { KubeClient } from '#kube';
import { parsePublicKey } from '#oci';
import { readSecret } from './secret.ts';

/**
 * The public keys that a source trusts: everything in its Secret that ends in `.pub`.
 * @throws Error with a text fit for a condition
 */
export async function readCosignKeys(
  verify: ChartVerification,
  namespace: string,
  deps: { readonly client: Pick<KubeClient, 'get'> },
  signal: AbortSignal,
): Promise<readonly KeyObject[]> {
  const data = await readSecret(deps.client, namespace, verify.secretRef?.name ?? '', signal);
  return Object.entries(data)
    .filter(([name]) => name.endsWith('.pub'))
    .map(([, pem]) => parsePublicKey(pem));
}
