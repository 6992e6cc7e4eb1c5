import { verifyWithKeyRings } from './pgp-signature.ts';
import { signatureKind, type SignedObject } from './signed-object.ts';
import { readAuthorizedKeys } from './ssh-keys.ts';
import { verifyWithSshKeys } from './ssh-signature.ts';

/** Whose signatures count. */
export interface TrustedKeys {
  /** Armoured PGP key rings. */
  readonly keyRings: readonly string[];
  /** Texts in the form of `authorized_keys`. */
  readonly authorizedKeys: readonly string[];
}

/**
 * Sorts the keys of a Secret by their names: `.sshpub` is for SSH, `.asc` and, as of old, everything else for PGP (source spec 2.8).
 */
export function readTrustedKeys(data: Readonly<Record<string, string>>): TrustedKeys {
  const entries = Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const isSsh = ([name]: readonly [string, string]): boolean => name.endsWith('.sshpub');
  return {
    keyRings: entries.filter((entry) => !isSsh(entry)).map(([, text]) => text),
    authorizedKeys: entries.filter(isSsh).map(([, text]) => text),
  };
}

/**
 * Looks whether a trusted key made the signature of a commit or tag.
 * @returns what names the key: a PGP key id, or an SSH fingerprint
 * @throws Error with a text fit for a condition
 */
export async function verifySignature({ payload, signature }: SignedObject, keys: TrustedKeys): Promise<string> {
  if (signature === undefined) throw new Error('unable to verify payload as the provided signature is empty');
  switch (signatureKind(signature)) {
    case 'pgp':
      return await verifyWithKeyRings(signature, payload, keys.keyRings);
    case 'ssh':
      return verifyWithSshKeys(
        signature,
        payload,
        keys.authorizedKeys.flatMap((text) => [...readAuthorizedKeys(text)]),
      );
    case 'x509':
      throw new Error('x509 signatures are not supported, expected PGP or SSH');
    case 'unknown':
      throw new Error('the signature is of an unknown type, expected PGP or SSH');
  }
}
