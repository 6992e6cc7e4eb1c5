import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate authority made for one test, and a server certificate for loopback that it signed. All PEM. */
export interface ServerCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** For those who ask their clients for a certificate of the same authority. */
  readonly client: { readonly cert: string; readonly key: string };
}

/**
 * Makes a server certificate for 127.0.0.1, localhost and `names`, valid for a day. Node can read X.509 but not write
 * it, and a machine that runs the tests need not have openssl: so the few DER structures are written out here.
 */
export function makeServerCertificate(names: readonly string[] = []): ServerCertificate {
  const authority = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const server = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  // A name of its own: of two authorities with one name, OpenSSL looks at the first only.
  const issuer = distinguishedName(`Sluice test authority ${randomBytes(4).toString('hex')}`);
  const ca = certificate({
    issuer,
    subject: issuer,
    publicKey: authority.publicKey,
    signer: authority.privateKey,
    extensions: [
      extension('2.5.29.19', true, sequence(der(0x01, Buffer.from([0xff])))), // basicConstraints: CA
      extension('2.5.29.15', true, der(0x03, Buffer.from([1, 0x06]))), // keyUsage: keyCertSign, cRLSign
    ],
  });
  const alternatives = [
    ...['localhost', ...names].map((name) => der(0x82, Buffer.from(name))),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  ];
  const leaf = (publicKey: KeyObject, name: string, purpose: string): string =>
    pem(
      certificate({
        issuer,
        subject: distinguishedName(name),
        publicKey,
        signer: authority.privateKey,
        extensions: [
          extension('2.5.29.15', true, der(0x03, Buffer.from([7, 0x80]))), // keyUsage: digitalSignature
          extension('2.5.29.37', false, sequence(objectId(purpose))), // extended key usage
          extension('2.5.29.17', false, sequence(...alternatives)), // subjectAltName
        ],
      }),
    );
  const client = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const keyOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    ca: pem(ca),
    cert: leaf(server.publicKey, '127.0.0.1', '1.3.6.1.5.5.7.3.1'), // serverAuth
    key: keyOf(server.privateKey),
    client: { cert: leaf(client.publicKey, 'client', '1.3.6.1.5.5.7.3.2'), key: keyOf(client.privateKey) }, // clientAuth
  };
}

/** RFC 5280 section 4.1, with ECDSA over SHA-256 as its only algorithm. */
function certificate(parts: {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}): Buffer {
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'));
  const hour = 3_600_000;
  // An hour back: a container's clock may lag behind.
  const validity = sequence(utcTime(new Date(Date.now() - hour)), utcTime(new Date(Date.now() + 24 * hour)));
  const serial = randomBytes(16);
  serial[0] = (serial.readUInt8(0) & 0x7f) | 0x40; // positive, and no leading zero
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, serial),
    algorithm,
    parts.issuer,
    validity,
    parts.subject,
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign('sha256', body, parts.signer);
  return sequence(body, algorithm, bitString(signature));
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function bitString(content: Buffer): Buffer {
  return der(0x03, Buffer.from([0]), content);
}

function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('2.5.4.3'), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

function pem(certificateBytes: Buffer): string {
  const lines = certificateBytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
