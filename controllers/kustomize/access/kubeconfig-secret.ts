import type { KubeObject, SecretKeyReference } from '#crds';
import { AccessError } from './access-error.ts';

/** Where a kubeconfig is looked for when the reference names no key. */
const defaultKeys = ['value', 'value.yaml'] as const;

/**
 * The kubeconfig in a Secret.
 * @param secret undefined: there is none
 * @throws AccessError in Flux's words
 */
export function kubeconfigIn(secret: KubeObject | undefined, namespace: string, reference: SecretKeyReference): string {
  const { name, key = '' } = reference;
  const subject = `'${namespace}/${name}'`;
  if (secret === undefined) {
    throw new AccessError(
      `unable to read KubeConfig secret ${subject} error: secrets ${JSON.stringify(name)} not found`,
    );
  }
  const data = dataOf(secret);
  const found = (key === '' ? defaultKeys : [key]).map((candidate) => data[candidate]).find(isText);
  if (found !== undefined) return Buffer.from(found, 'base64').toString('utf8');
  const keys = key === '' ? `'value' nor 'value.yaml'` : `'${key}'`;
  throw new AccessError(`KubeConfig secret ${subject} does not contain a ${keys} key with a kubeconfig`);
}

function dataOf(secret: KubeObject): Readonly<Record<string, unknown>> {
  const { data } = secret;
  return typeof data === 'object' && data !== null ? { ...data } : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
