import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** Reads the fields of OpenSSH's wire format (RFC 4251 section 5). */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @throws RangeError when there is less than announced */
  string(): Buffer {
    const length = this.uint32();
    return this.take(length);
  }

  text(): string {
    return this.string().toString('latin1');
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0);
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new RangeError('cannot read: the field is cut off');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
}

/** A key that may have signed. */
export interface SshPublicKey {
  readonly type: string;
  readonly blob: Buffer;
}

const keyTypes = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

/**
 * The keys of an `authorized_keys` text; options before a key are not looked at.
 * @throws Error that names the line that cannot be read
 */
export function readAuthorizedKeys(text: string): readonly SshPublicKey[] {
  return text.split('\n').flatMap((line, index) => {
    const fields = line.trim().split(/\s+/);
    if (line.trim() === '' || line.trim().startsWith('#')) return [];
    const at = fields.findIndex((field) => keyTypes.includes(field));
    const type = fields[at];
    const blob = Buffer.from(fields[at + 1] ?? '', 'base64');
    if (type === undefined || blob.length < 4 || new WireReader(blob).text() !== type) {
      throw new Error(`line ${index + 1} holds no SSH key`);
    }
    return [{ type, blob }];
  });
}

/** As `ssh-keygen -l` shows it. */
export function sshFingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

const curves: Readonly<Record<string, { readonly name: string; readonly hash: string; readonly bytes: number }>> = {
  nistp256: { name: 'P-256', hash: 'sha256', bytes: 32 },
  nistp384: { name: 'P-384', hash: 'sha384', bytes: 48 },
  nistp521: { name: 'P-521', hash: 'sha512', bytes: 66 },
};

/**
 * Whether a key made a signature over a text, both in OpenSSH's wire format. SHA-1 is not good enough.
 * @throws RangeError | Error when one of them is damaged
 */
export function verifySshSignature(keyBlob: Buffer, signature: Buffer, message: Buffer): boolean {
  const key = new WireReader(keyBlob);
  const type = key.text();
  const fields = new WireReader(signature);
  const algorithm = fields.text();
  const value = fields.string();
  switch (type) {
    case 'ssh-ed25519':
      return algorithm === type && verify(null, message, ed25519Key(key.string()), value);
    case 'ssh-rsa': {
      const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[algorithm];
      return hash !== undefined && verify(hash, message, rsaKey(key.string(), key.string()), value);
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return algorithm === type && verifyEcdsa(key, value, message);
    case 'sk-ssh-ed25519@openssh.com': {
      const point = key.string();
      return algorithm === type && verify(null, securityKeyMessage(key, fields, message), ed25519Key(point), value);
    }
    case 'sk-ecdsa-sha2-nistp256@openssh.com': {
      const [curve, point] = [key.text(), key.string()];
      const signed = securityKeyMessage(key, fields, message);
      return algorithm === type && verifyPoint(curve, point, value, signed);
    }
    default:
      return false;
  }
}

/** What a security key signs (OpenSSH PROTOCOL.u2f); it must say that its user was present. */
function securityKeyMessage(key: WireReader, signature: WireReader, message: Buffer): Buffer {
  const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
  const flagsAndCounter = signature.take(5);
  if (((flagsAndCounter[0] ?? 0) & 1) === 0) throw new Error('the security key was not touched');
  return Buffer.concat([sha256(key.string()), flagsAndCounter, sha256(message)]);
}

function verifyEcdsa(key: WireReader, value: Buffer, message: Buffer): boolean {
  const [curve, point] = [key.text(), key.string()];
  return verifyPoint(curve, point, value, message);
}

function verifyPoint(curveName: string, point: Buffer, value: Buffer, message: Buffer): boolean {
  const curve = curves[curveName];
  if (curve === undefined || point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) return false;
  const parts = new WireReader(value);
  const signature = Buffer.concat([fixed(parts.string(), curve.bytes), fixed(parts.string(), curve.bytes)]);
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: curve.name,
      x: point.subarray(1, 1 + curve.bytes).toString('base64url'),
      y: point.subarray(1 + curve.bytes).toString('base64url'),
    },
  });
  return verify(curve.hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function ed25519Key(point: Buffer): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') } });
}

function rsaKey(exponent: Buffer, modulus: Buffer): KeyObject {
  const key = { kty: 'RSA', e: exponent.toString('base64url'), n: unpadded(modulus).toString('base64url') };
  return createPublicKey({ format: 'jwk', key });
}

/** An integer without the zero that only says that it is positive. */
function unpadded(integer: Buffer): Buffer {
  let at = 0;
  while (at < integer.length - 1 && integer[at] === 0) at++;
  return integer.subarray(at);
}

function fixed(integer: Buffer, bytes: number): Buffer {
  const value = unpadded(integer);
  if (value.length > bytes) throw new RangeError('cannot read: an integer is too large');
  return Buffer.concat([Buffer.alloc(bytes - value.length), value]);
}
