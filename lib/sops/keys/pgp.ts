import type { PrivateKey } from 'openpgp';
import { SopsError } from '../error.ts';

/** Opens OpenPGP messages with private keys of ours. */
export interface PgpKeys {
  /** @throws SopsError 'noKey' */
  decrypt(armored: string): Promise<Uint8Array>;
}

const blockPattern = /-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----[\s\S]*?-----END PGP \1 KEY BLOCK-----/g;

/**
 * Reads armored private keys; public ones beside them are skipped. A key with a passphrase is of no use: nobody is there to ask.
 * The library is loaded with the first call: it is large, and few use it.
 * @throws SopsError 'badKey'
 */
export async function readPgpKeys(texts: readonly string[]): Promise<PgpKeys> {
  const openpgp = await import('openpgp');
  const keys: PrivateKey[] = [];
  for (const text of texts) {
    const blocks = [...text.matchAll(blockPattern)];
    if (blocks.length === 0) throw new SopsError('badKey', 'failed to import the PGP key: no valid OpenPGP data found');
    for (const [block, visibility] of blocks) {
      if (visibility === 'PUBLIC') continue;
      try {
        keys.push(...(await openpgp.readPrivateKeys({ armoredKeys: block })));
      } catch {
        throw new SopsError('badKey', 'failed to import the PGP key: the key block is damaged');
      }
    }
  }
  const usable = keys.filter((key) => key.isDecrypted());
  return {
    async decrypt(armored) {
      if (usable.length === 0) throw new SopsError('noKey', noKeyText(keys.length));
      try {
        const message = await openpgp.readMessage({ armoredMessage: armored });
        const { data } = await openpgp.decrypt({ message, decryptionKeys: usable, format: 'binary' });
        return data;
      } catch (error) {
        throw new SopsError('noKey', `failed to decrypt the data key with PGP: ${problemOf(error)}`, { cause: error });
      }
    },
  };
}

function noKeyText(locked: number): string {
  return locked === 0
    ? 'failed to decrypt the data key with PGP: no secret key'
    : 'failed to decrypt the data key with PGP: the secret key has a passphrase, expected one without';
}

function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return /No decryption key packets found|Session key decryption failed/i.test(message)
    ? 'no secret key fits the message'
    : 'the encrypted data key is damaged';
}
