import type { KeyRing } from '../data-key.ts';
import { SopsError } from '../error.ts';
import { type AgeKeys, readAgeKeys } from './age.ts';
import { type PgpKeys, readPgpKeys } from './pgp.ts';
import { decryptWithVault, type VaultToken } from './vault.ts';

/** The kinds of keys that need a cloud's client, by the name people know them by. */
const cloudKeys = {
  kms: 'AWS KMS',
  gcp_kms: 'GCP KMS',
  azure_kv: 'Azure Key Vault',
  hckms: 'Huawei Cloud KMS',
} as const;

export interface KeySources {
  /** Files of age identities. */
  readonly age: readonly string[];
  /** Armored private keys. */
  readonly pgp: readonly string[];
  readonly vaultToken: VaultToken;
}

/**
 * A key ring of these keys. Libraries are loaded for the kinds of keys that there are.
 * @throws SopsError 'badKey'
 */
export async function openKeyRing({ age, pgp, vaultToken }: KeySources): Promise<KeyRing> {
  const ageKeys = age.length > 0 ? await readAgeKeys(age) : undefined;
  const pgpKeys = pgp.length > 0 ? await readPgpKeys(pgp) : undefined;
  return {
    unwrap(key, signal) {
      switch (key.kind) {
        case 'age':
          return present<AgeKeys>(ageKeys, 'age: no identity, expected a *.agekey').decrypt(key.encrypted);
        case 'pgp':
          return present<PgpKeys>(pgpKeys, 'PGP: no secret key, expected a *.asc').decrypt(key.encrypted);
        case 'hc_vault':
          return decryptWithVault(key, vaultToken, signal);
        case 'kms':
        case 'gcp_kms':
        case 'azure_kv':
        case 'hckms':
          throw new SopsError('noKey', `${cloudKeys[key.kind]} keys are not supported yet`);
      }
    },
  };
}

function present<T>(keys: T | undefined, missing: string): T {
  if (keys !== undefined) return keys;
  throw new SopsError('noKey', `failed to decrypt the data key with ${missing} in the decryption Secret`);
}
