import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Descriptor } from './manifest.ts';
import { OciError } from './oci-error.ts';
import { formatReference } from './reference.ts';
import type { Repository } from './registry.ts';

const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
const signatureAnnotation = 'dev.cosignproject.cosign/signature';
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d|\+json|;|$)/;
const inToto = 'application/vnd.in-toto+json';
const mostSignatures = 100;
const mostBytes = 4 * 1024 * 1024;

/**
 * Reads public keys in PEM (`-----BEGIN PUBLIC KEY-----`).
 * @throws OciError 'unverified' for what is no public key; it quotes nothing
 */
export function parsePublicKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw new OciError('unverified', 'cannot read public key: expected PEM', { cause: error });
  }
}

/**
 * Verifies that a manifest was signed with one of the keys, as `cosign sign --key` does it: a bundle that refers to the manifest, or
 * a classic signature under the tag `sha256-<hex>.sig`. No transparency log is asked (source spec 3.2).
 * @throws OciError 'unverified' when there is no such signature
 */
export async function verifyCosign(
  repository: Repository,
  digest: string,
  keys: readonly KeyObject[],
  signal: AbortSignal,
): Promise<void> {
  if (await hasTrustedBundle(repository, digest, keys, signal)) return;
  if (await hasTrustedSignature(repository, digest, keys, signal)) return;
  throw new OciError(
    'unverified',
    `no matching signatures were found for '${formatReference(repository.name, digest)}'`,
  );
}

async function hasTrustedBundle(
  repository: Repository,
  digest: string,
  keys: readonly KeyObject[],
  signal: AbortSignal,
): Promise<boolean> {
  const bundles = (await repository.referrers(digest, signal)).filter(({ artifactType }) =>
    bundleType.test(artifactType),
  );
  for (const bundle of bundles.slice(0, mostSignatures)) {
    const { content } = await repository.manifest(bundle.digest, signal);
    if (content.kind !== 'manifest') continue;
    for (const layer of content.layers.filter(({ mediaType }) => bundleType.test(mediaType))) {
      if (isTrustedBundle(await readSmall(repository, layer, signal), digest, keys)) return true;
    }
  }
  return false;
}

async function hasTrustedSignature(
  repository: Repository,
  digest: string,
  keys: readonly KeyObject[],
  signal: AbortSignal,
): Promise<boolean> {
  let layers: readonly Descriptor[];
  try {
    const { content } = await repository.manifest(`${digest.replace(':', '-')}.sig`, signal);
    layers = content.kind === 'manifest' ? content.layers : [];
  } catch (error) {
    if (error instanceof OciError && error.code === 'notFound') return false;
    throw error;
  }
  for (const layer of layers.slice(0, mostSignatures)) {
    const signature = layer.annotations[signatureAnnotation];
    if (layer.mediaType !== simpleSigning || signature === undefined) continue;
    const payload = await readSmall(repository, layer, signal);
    if (isSigned(payload, Buffer.from(signature, 'base64'), keys) && payloadNames(payload, digest)) return true;
  }
  return false;
}

async function readSmall(repository: Repository, layer: Descriptor, signal: AbortSignal): Promise<Buffer> {
  if (layer.sizeBytes > mostBytes)
    throw new OciError('tooLarge', `signature ${layer.digest} is larger than ${mostBytes} bytes`);
  const pieces: Uint8Array[] = [];
  for await (const piece of repository.blob(layer, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The signed text must speak of this very manifest: a signature of another image is worth nothing here. */
export function payloadNames(payload: Buffer, digest: string): boolean {
  const critical = field(parseJson(payload), 'critical');
  return (
    field(critical, 'type') === 'cosign container image signature' &&
    field(field(critical, 'image'), 'docker-manifest-digest') === digest
  );
}

/** A Sigstore bundle: a signed in-toto statement whose subject is the manifest, or a signature of the manifest's digest. */
export function isTrustedBundle(bytes: Buffer, digest: string, keys: readonly KeyObject[]): boolean {
  const envelope = field(parseJson(bytes), 'dsseEnvelope');
  const payloadType = field(envelope, 'payloadType');
  const encoded = field(envelope, 'payload');
  const signatures = field(envelope, 'signatures');
  if (payloadType !== inToto || typeof encoded !== 'string' || !Array.isArray(signatures)) return false;
  const payload = Buffer.from(encoded, 'base64');
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(inToto)} ${inToto} ${payload.length} `, 'utf8'),
    payload,
  ]);
  const trusted = signatures.slice(0, mostSignatures).some((entry: unknown) => {
    const signature = field(entry, 'sig');
    return typeof signature === 'string' && isSigned(signed, Buffer.from(signature, 'base64'), keys);
  });
  return trusted && statementNames(parseJson(payload), digest);
}

function statementNames(statement: unknown, digest: string): boolean {
  const subjects = field(statement, 'subject');
  return (
    Array.isArray(subjects) &&
    subjects.some((subject: unknown) => `sha256:${String(field(field(subject, 'digest'), 'sha256'))}` === digest)
  );
}

function isSigned(data: Buffer, signature: Buffer, keys: readonly KeyObject[]): boolean {
  return keys.some((key) => {
    try {
      switch (key.asymmetricKeyType) {
        case 'ec':
          return verify('sha256', data, key, signature);
        case 'rsa':
          return verify('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
        case 'ed25519':
          return verify(null, data, key, signature);
        default:
          return false;
      }
    } catch {
      return false; // a signature of another algorithm than the key's
    }
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
