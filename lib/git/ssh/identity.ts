import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { ParsedKey } from 'ssh2';

/** A private key to log in with. */
export interface SshIdentity {
  readonly key: ParsedKey;
}

/**
 * Reads a private key: OpenSSH's own form, PKCS#1, SEC 1 or PKCS#8, encrypted or not; ed25519, ECDSA or RSA.
 * @throws Error with a text fit for a condition: it holds nothing of the key
 */
export async function readSshIdentity(text: string, passphrase: string | undefined): Promise<SshIdentity> {
  const { default: ssh2 } = await import('ssh2');
  const secret = passphrase === undefined || passphrase === '' ? undefined : passphrase;
  const parsed = ssh2.utils.parseKey(withoutPkcs8(`${text.trim()}\n`, secret), secret);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined) throw unreadable();
  if (key instanceof Error) throw /passphrase|encrypted/i.test(key.message) ? locked(secret) : unreadable();
  if (!key.isPrivateKey()) throw new Error("'identity' is a public key, expected a private key");
  return { key };
}

/** PKCS#8 is what Flux's own tools write for ECDSA keys, and the library does not read it. */
function withoutPkcs8(text: string, passphrase: string | undefined): string {
  if (!/^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)) return text;
  if (text.includes('ENCRYPTED') && passphrase === undefined) throw locked(passphrase);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    throw text.includes('ENCRYPTED') ? locked(passphrase) : unreadable();
  }
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString();
    case 'ed25519':
      return openSshEd25519(key);
    default:
      throw unreadable();
  }
}

/** Ed25519 has no form of its own besides PKCS#8 and OpenSSH's (PROTOCOL.key of OpenSSH). */
function openSshEd25519(key: KeyObject): string {
  const publicBytes = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32);
  const seed = key.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
  const type = field('ssh-ed25519');
  const check = Buffer.alloc(8);
  const secret = Buffer.concat([check, type, field(publicBytes), field(Buffer.concat([seed, publicBytes])), field('')]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    Buffer.from([0, 0, 0, 1]),
    field(Buffer.concat([type, field(publicBytes)])),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function locked(passphrase: string | undefined): Error {
  return new Error(
    passphrase === undefined
      ? "'identity' is encrypted, expected its passphrase as 'password'"
      : "'identity' cannot be decrypted with 'password'",
  );
}

function unreadable(): Error {
  return new Error("'identity' is no private key that can be read, expected an ed25519, ECDSA or RSA key in PEM form");
}
