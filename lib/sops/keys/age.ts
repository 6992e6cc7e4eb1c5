import type { Decrypter } from 'age-encryption';
import { SopsError } from '../error.ts';

/** Opens age files for one recipient of ours. */
export interface AgeKeys {
  /** @throws SopsError 'noKey' */
  decrypt(armored: string): Promise<Uint8Array>;
}

/**
 * Reads age identities, one a line; empty lines and those that start with `#` are skipped, as age-keygen writes them.
 * The library is loaded with the first call: most Kustomizations have nothing to decrypt.
 * @throws SopsError 'badKey', which names the line, not what it says
 */
export async function readAgeKeys(texts: readonly string[]): Promise<AgeKeys> {
  const { armor, Decrypter: AgeDecrypter } = await import('age-encryption');
  const decrypter = new AgeDecrypter();
  for (const text of texts) {
    let found = false;
    for (const [at, line] of text.split(/\r?\n/).entries()) {
      const identity = line.trim();
      if (identity === '' || identity.startsWith('#')) continue;
      addIdentity(decrypter, identity, at + 1);
      found = true;
    }
    if (!found) throw new SopsError('badKey', 'failed to parse age identities: no secret keys found');
  }
  return {
    async decrypt(armored) {
      try {
        return await decrypter.decrypt(armor.decode(armored));
      } catch (error) {
        throw new SopsError('noKey', `failed to decrypt the data key with age: ${problemOf(error)}`, { cause: error });
      }
    },
  };
}

function addIdentity(decrypter: Decrypter, identity: string, line: number): void {
  try {
    if (!/^AGE-SECRET-KEY-(?:PQ-)?1/.test(identity)) throw new TypeError('unknown kind of identity');
    decrypter.addIdentity(identity);
  } catch {
    // The library may quote what it could not read, and that is a secret.
    throw new SopsError('badKey', `failed to parse age identities: error at line ${line}: malformed secret key`);
  }
}

function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return message.includes('no identity matched')
    ? 'no identity matched any of the recipients'
    : 'the encrypted data key is damaged';
}
