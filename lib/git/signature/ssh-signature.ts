import { createHash } from 'node:crypto';
import { type SshPublicKey, sshFingerprint, verifySshSignature, WireReader } from './ssh-keys.ts';

const begin = '-----BEGIN SSH SIGNATURE-----';
const end = '-----END SSH SIGNATURE-----';
/** What Git signs for; a signature for mail or files is none for a commit. */
const namespace = 'git';

/**
 * Looks whether one of the keys made a signature (OpenSSH's PROTOCOL.sshsig).
 * @returns the fingerprint of the key
 * @throws Error when none did, or the signature cannot be read
 */
export function verifyWithSshKeys(signature: string, payload: Buffer, keys: readonly SshPublicKey[]): string {
  const parsed = readSignature(signature);
  if (parsed.namespace !== namespace) {
    throw new Error(`the signature is for "${parsed.namespace}", expected "${namespace}"`);
  }
  const trusted = keys.find(({ blob }) => blob.equals(parsed.publicKey));
  if (trusted === undefined) throw new Error('unable to verify payload with any of the given authorized keys');
  const signed = Buffer.concat([
    Buffer.from('SSHSIG'),
    field(parsed.namespace),
    field(parsed.reserved),
    field(parsed.hash),
    field(createHash(parsed.hash).update(payload).digest()),
  ]);
  let isRight: boolean;
  try {
    isRight = verifySshSignature(trusted.blob, parsed.signature, signed);
  } catch (error) {
    throw new Error(`the signature cannot be read: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
  if (!isRight) throw new Error('unable to verify payload with any of the given authorized keys');
  return sshFingerprint(trusted.blob);
}

interface SshSignature {
  readonly publicKey: Buffer;
  readonly namespace: string;
  readonly reserved: Buffer;
  readonly hash: 'sha256' | 'sha512';
  readonly signature: Buffer;
}

function readSignature(text: string): SshSignature {
  const trimmed = text.trim();
  const to = trimmed.indexOf(end);
  if (!trimmed.startsWith(begin) || to === -1) throw new Error('the signature has no end');
  const reader = new WireReader(Buffer.from(trimmed.slice(begin.length, to), 'base64'));
  try {
    if (reader.take(6).toString('latin1') !== 'SSHSIG') throw new Error('the signature cannot be read: it is none');
    const version = reader.uint32();
    if (version !== 1) throw new Error(`the signature has version ${version}, expected 1`);
    const publicKey = reader.string();
    const parsed = { publicKey, namespace: reader.text(), reserved: reader.string() };
    const hash = reader.text();
    if (hash !== 'sha256' && hash !== 'sha512') throw new Error(`the signature uses the hash "${hash}"`);
    return { ...parsed, hash, signature: reader.string() };
  } catch (error) {
    if (error instanceof RangeError) throw new Error('the signature cannot be read: it is cut off', { cause: error });
    throw error;
  }
}

function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
