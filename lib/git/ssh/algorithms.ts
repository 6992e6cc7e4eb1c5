/** Key exchanges that can be asked for, best first. */
export const kexAlgorithms = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group15-sha512',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group17-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group-exchange-sha1',
  'diffie-hellman-group14-sha1',
  'diffie-hellman-group1-sha1',
] as const;
export type KexAlgorithm = (typeof kexAlgorithms)[number];

/** Signatures of a host that can be asked for, best first. */
export const hostKeyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const;
export type HostKeyAlgorithm = (typeof hostKeyAlgorithms)[number];

/**
 * Those of `names` that are spoken here, in their order. None given: none, which stands for the defaults.
 * @throws Error when names are given and none of them is spoken
 */
export function supportedAlgorithms<T extends string>(names: readonly string[], supported: readonly T[]): readonly T[] {
  const isSupported = (name: string): name is T => supported.some((known) => known === name);
  const found = names.filter(isSupported);
  if (names.length > 0 && found.length === 0) {
    throw new Error(`cannot use SSH algorithms "${names.join(',')}": expected some of ${supported.join(', ')}`);
  }
  return found;
}

/** The signatures that a host with keys of these types can give; an RSA key signs with better hashes than its type says. */
export function signaturesOf(keyTypes: readonly string[]): readonly HostKeyAlgorithm[] {
  const names = keyTypes.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]));
  return hostKeyAlgorithms.filter((known) => names.includes(known));
}
