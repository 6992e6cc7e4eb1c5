import type { Kustomization, KubeObject } from '#crds';
import { type KeyRing, openKeyRing, SopsError } from '#sops';
import { DecryptError, messageOf } from './decrypt-error.ts';

/** Where keys come from, whatever the Kustomization. */
export interface KeyStore {
  /** Undefined: there is none. Reads as the controller. */
  readSecret(namespace: string, name: string): Promise<KubeObject | undefined>;
  /** Age identities for Kustomizations that name no Secret. */
  readonly globalAgeSecret: { readonly namespace: string; readonly name: string } | undefined;
  /** The token for a Vault server where the Kustomization's Secret has none. */
  vaultToken(address: string): string | undefined;
}

export interface DecryptionKeys {
  /** Says which versions of which Secrets they came from; equal texts mean equal keys. */
  readonly version: string;
  /** @throws DecryptError when a key cannot be read */
  open(): Promise<KeyRing>;
}

const vaultTokenKey = 'sops.vault-token';

/**
 * The keys that a Kustomization decrypts with; undefined when it does not decrypt.
 * @throws DecryptError when its Secret cannot be had
 */
export async function loadDecryptionKeys(
  { spec, metadata }: Kustomization,
  store: KeyStore,
): Promise<DecryptionKeys | undefined> {
  if (spec.decryption === undefined) return undefined;
  const namespace = metadata.namespace ?? '';
  if (spec.decryption.secretRef !== undefined) {
    return keysIn(await readSecret(store, namespace, spec.decryption.secretRef.name), store, ['age', 'pgp', 'vault']);
  }
  const shared = store.globalAgeSecret;
  if (shared === undefined) return keysIn(undefined, store, []);
  return keysIn(await readSecret(store, shared.namespace, shared.name), store, ['age']);
}

async function readSecret(store: KeyStore, namespace: string, name: string): Promise<KubeObject> {
  const where = `cannot get sops decryption Secret '${namespace}/${name}'`;
  let secret: KubeObject | undefined;
  try {
    secret = await store.readSecret(namespace, name);
  } catch (error) {
    throw new DecryptError(`${where}: ${messageOf(error)}`, { cause: error });
  }
  if (secret === undefined) throw new DecryptError(`${where}: secrets "${name}" not found`);
  return secret;
}

function keysIn(
  secret: KubeObject | undefined,
  store: KeyStore,
  kinds: readonly ('age' | 'pgp' | 'vault')[],
): DecryptionKeys {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = secret?.metadata ?? {};
  const data = dataOf(secret);
  const token = kinds.includes('vault') ? data.get(vaultTokenKey)?.trim() : undefined;
  const ending = (suffix: string): [string, string][] => [...data].filter(([key]) => key.endsWith(suffix));
  return {
    version: `${namespace}/${name}=${uid}/${resourceVersion}`,
    async open() {
      const age = kinds.includes('age') ? ending('.agekey') : [];
      const pgp = kinds.includes('pgp') ? ending('.asc') : [];
      // One by one first, so that a key that cannot be read is named.
      for (const [key, text] of age) await checked(key, namespace, name, { age: [text], pgp: [] });
      for (const [key, text] of pgp) await checked(key, namespace, name, { age: [], pgp: [text] });
      return openKeyRing({
        age: age.map(([, text]) => text),
        pgp: pgp.map(([, text]) => text),
        vaultToken: (address) => token ?? store.vaultToken(address),
      });
    },
  };
}

async function checked(
  key: string,
  namespace: string,
  name: string,
  keys: { readonly age: readonly string[]; readonly pgp: readonly string[] },
): Promise<void> {
  try {
    await openKeyRing({ ...keys, vaultToken: () => undefined });
  } catch (error) {
    if (!(error instanceof SopsError)) throw error;
    throw new DecryptError(
      `failed to import '${key}' data from sops decryption Secret '${namespace}/${name}': ${error.message}`,
      { cause: error },
    );
  }
}

function dataOf(secret: KubeObject | undefined): ReadonlyMap<string, string> {
  const data = secret?.['data'];
  if (typeof data !== 'object' || data === null) return new Map();
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString()]));
}
