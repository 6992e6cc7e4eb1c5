import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';

export type SshKeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshKey {
  /** PEM. */
  readonly privateKey: string;
  /** A line for `authorized_keys`. */
  readonly publicKey: string;
}

/** Makes a key as `ssh-keygen` writes it, or in PKCS#8 as Flux's tools write it. */
export function makeSshKey(
  type: SshKeyType,
  options: { readonly passphrase?: string; readonly form?: 'openssh' | 'pkcs8' } = {},
): SshKey {
  if (options.form === 'pkcs8') return pkcs8Key(type, options.passphrase);
  const lock =
    options.passphrase === undefined
      ? undefined
      : { passphrase: options.passphrase, cipher: 'aes256-ctr' as const, rounds: 4 };
  // One ed25519 key in two hundred comes out broken, for ssh-keygen too: such a one is made again.
  let pair = generate(type, lock);
  while (ssh2.utils.parseKey(pair.private, options.passphrase) instanceof Error) pair = generate(type, lock);
  return { privateKey: pair.private, publicKey: pair.public };
}

function generate(
  type: SshKeyType,
  lock: { readonly passphrase: string; readonly cipher: 'aes256-ctr'; readonly rounds: number } | undefined,
): { readonly private: string; readonly public: string } {
  const { generateKeyPairSync: generateSync } = ssh2.utils;
  if (type === 'ed25519') return lock === undefined ? generateSync(type) : generateSync(type, lock);
  if (type === 'rsa') return generateSync(type, { bits: 2048, ...lock });
  return generateSync(type, { bits: 256, ...lock });
}

function pkcs8Key(type: SshKeyType, passphrase: string | undefined): SshKey {
  const { privateKey } =
    type === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const lock = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', ...lock }).toString();
  return { privateKey: pem, publicKey: publicLineOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()) };
}

/** The public half as OpenSSH writes it (RFC 4253 section 6.6, RFC 5656, RFC 8709). */
function publicLineOf(pkcs8: string): string {
  const jwk = createPrivateKey(pkcs8).export({ format: 'jwk' });
  const bytes = (text: unknown): Buffer => Buffer.from(String(text), 'base64url');
  const integer = (value: Buffer): Buffer =>
    field((value[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), value]) : value);
  const [type, blob] =
    jwk.kty === 'OKP'
      ? ['ssh-ed25519', field(bytes(jwk.x))]
      : jwk.kty === 'RSA'
        ? ['ssh-rsa', Buffer.concat([integer(bytes(jwk.e)), integer(bytes(jwk.n))])]
        : [
            'ecdsa-sha2-nistp256',
            Buffer.concat([
              field(Buffer.from('nistp256')),
              field(Buffer.concat([Buffer.from([4]), bytes(jwk.x), bytes(jwk.y)])),
            ]),
          ];
  return `${type} ${Buffer.concat([field(Buffer.from(type)), blob]).toString('base64')}`;
}

function field(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** A line of `known_hosts`; hashed as `ssh-keygen -H` does it. */
export function knownHostsLine(
  host: string,
  port: number,
  publicKey: string,
  options: { readonly hashed?: boolean } = {},
): string {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const [type = '', key = ''] = publicKey.split(' ');
  if (options.hashed !== true) return `${name} ${type} ${key}`;
  const salt = randomBytes(20);
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash} ${type} ${key}`;
}
