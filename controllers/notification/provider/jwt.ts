import { type KeyObject, sign } from 'node:crypto';

/** A JSON Web Token signed with RS256: what services take in exchange for a token of theirs. */
export function signJwt(claims: Readonly<Record<string, unknown>>, key: KeyObject, keyId?: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}
