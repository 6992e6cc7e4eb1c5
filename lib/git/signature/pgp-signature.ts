import type { Key } from 'openpgp';

const block = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g;

/**
 * Looks whether a key of one of the rings made a signature.
 * @param keyRings armoured texts
 * @returns the key's id: 16 hex digits in capitals, of the primary key
 * @throws Error when none did, or a text cannot be read
 */
export async function verifyWithKeyRings(
  signature: string,
  payload: Buffer,
  keyRings: readonly string[],
): Promise<string> {
  const openpgp = await import('openpgp');
  const keys: Key[] = [];
  for (const ring of keyRings) {
    const blocks = ring.match(block);
    if (blocks === null) throw new Error('unable to read armored key ring: no armored data found');
    for (const armoredKeys of blocks) {
      try {
        keys.push(...(await openpgp.readKeys({ armoredKeys })));
      } catch (error) {
        throw new Error(`unable to read armored key ring: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  const made = await openpgp.readSignature({ armoredSignature: signature }).catch((error: unknown) => {
    throw new Error(`unable to read the signature: ${messageOf(error)}`, { cause: error });
  });
  const message = await openpgp.createMessage({ binary: payload, format: 'binary' });
  const { signatures } = await openpgp.verify({ message, signature: made, verificationKeys: keys, format: 'binary' });
  let why: unknown;
  for (const { keyID, verified } of signatures) {
    try {
      if (!(await verified)) continue;
      const signer = keys.find((key) => key.getKeys(keyID).length > 0);
      if (signer !== undefined) return signer.getKeyID().toHex().toUpperCase();
    } catch (error) {
      why = error;
    }
  }
  throw new Error('unable to verify payload with any of the given key rings', { cause: why });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
