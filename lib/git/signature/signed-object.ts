/** Who made a signature, as far as its armour tells. */
export type SignatureKind = 'pgp' | 'ssh' | 'x509' | 'unknown';

/** A commit or tag taken apart: what was signed, and with what. */
export interface SignedObject {
  readonly payload: Buffer;
  /** Armoured text; undefined when nobody signed. */
  readonly signature: string | undefined;
}

const begins: readonly (readonly [begin: string, kind: SignatureKind])[] = [
  ['-----BEGIN PGP SIGNATURE-----', 'pgp'],
  ['-----BEGIN PGP MESSAGE-----', 'pgp'],
  ['-----BEGIN SSH SIGNATURE-----', 'ssh'],
  ['-----BEGIN SIGNED MESSAGE-----', 'x509'],
];

export function signatureKind(signature: string): SignatureKind {
  return begins.find(([begin]) => signature.trimStart().startsWith(begin))?.[1] ?? 'unknown';
}

/** The header of a commit holds its signature; what was signed is the commit without it. */
export function signedCommit(bytes: Buffer): SignedObject {
  const end = bytes.indexOf('\n\n');
  const headers = bytes.toString('latin1', 0, end === -1 ? bytes.length : end + 1);
  const kept: string[] = [];
  const signature: string[] = [];
  let within: 'signature' | 'otherHash' | 'header' = 'header';
  for (const line of headers.split(/(?<=\n)/)) {
    if (line.startsWith('gpgsig ')) within = 'signature';
    else if (line.startsWith('gpgsig-sha256 ')) within = 'otherHash';
    else if (!line.startsWith(' ')) within = 'header';
    if (within === 'header') kept.push(line);
    else if (within === 'signature')
      signature.push(line.startsWith(' ') ? line.slice(1) : line.slice('gpgsig '.length));
  }
  const rest = end === -1 ? Buffer.alloc(0) : bytes.subarray(end + 1);
  return {
    payload: Buffer.concat([Buffer.from(kept.join(''), 'latin1'), rest]),
    signature: signature.length === 0 ? undefined : signature.join(''),
  };
}

/** A tag has its signature behind its message; what was signed is everything before the last one. */
export function signedTag(bytes: Buffer): SignedObject {
  let start = -1;
  for (const [begin] of begins) {
    const at = bytes.lastIndexOf(`\n${begin}`);
    if (at !== -1 && at + 1 > start) start = at + 1;
  }
  if (start === -1) return { payload: bytes, signature: undefined };
  return { payload: bytes.subarray(0, start), signature: bytes.toString('latin1', start) };
}
