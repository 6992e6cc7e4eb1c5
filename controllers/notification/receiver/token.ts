import { createHash } from 'node:crypto';
import type { Receiver } from '#crds';
import type { KubeClient } from '#kube';
import { readSecret, type SecretData } from '../secret.ts';

export interface ReceiverSecret {
  /** Verifies calls, untrimmed; empty where there is no Secret. */
  readonly token: Buffer;
  readonly data: SecretData;
}

/** @throws Error `unable to read token from secret 'ns/n' error: …` */
export async function readReceiverSecret(receiver: Receiver, client: KubeClient): Promise<ReceiverSecret> {
  const { secretRef } = receiver.spec;
  if (secretRef === undefined) return { token: Buffer.alloc(0), data: new Map() };
  const namespace = receiver.metadata.namespace ?? '';
  let data: SecretData;
  try {
    data = await readSecret(client, namespace, secretRef.name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`unable to read token from secret '${namespace}/${secretRef.name}' error: ${why}`, {
      cause: error,
    });
  }
  const token = data.get('token');
  if (token === undefined)
    throw new Error(`invalid '${namespace}/${secretRef.name}' secret data: required field 'token'`);
  return { token, data };
}

/** `/hook/<hex sha256(token ‖ name ‖ namespace)>`: whoever has the token can compute it without the cluster. */
export function webhookPath(token: Buffer, name: string, namespace: string): string {
  return `/hook/${createHash('sha256').update(token).update(`${name}${namespace}`).digest('hex')}`;
}
