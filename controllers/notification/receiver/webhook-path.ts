import { createHash } from 'node:crypto';

/** `/hook/<hex sha256(token ‖ name ‖ namespace)>`: `flux trigger receiver` computes the same without the cluster. */
export function webhookPath(token: string, name: string, namespace: string): string {
  return `/hook/${createHash('sha256').update(`${token}${name}${namespace}`).digest('hex')}`;
}
