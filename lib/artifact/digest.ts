import { createHash, timingSafeEqual } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';

/** What `--artifact-digest-algo` takes, and what a consumer accepts. */
export const digestAlgorithms = ['sha256', 'sha1', 'sha384', 'sha512', 'blake3'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** Bytes go in piece by piece; `digest` ends it and gives lower-case hex. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string;
}

export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

const hexLength: Readonly<Record<DigestAlgorithm, number>> = {
  sha256: 64,
  sha1: 40,
  sha384: 96,
  sha512: 128,
  blake3: 64,
};

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return digestAlgorithms.some((algorithm) => algorithm === text);
}

export function createHasher(algorithm: DigestAlgorithm): Hasher {
  if (algorithm === 'blake3') {
    const hash = blake3.create();
    return { update: (bytes) => void hash.update(bytes), digest: () => Buffer.from(hash.digest()).toString('hex') };
  }
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}

/**
 * Reads `<algorithm>:<hex>`; without an algorithm it is SHA-256 (Kustomization spec A6 step 10).
 * @throws TypeError when the algorithm is unknown or the digits are not as many as it has
 */
export function parseDigest(text: string): Digest {
  const colon = text.indexOf(':');
  const algorithm = colon === -1 ? 'sha256' : text.slice(0, colon);
  const hex = text.slice(colon + 1);
  if (!isDigestAlgorithm(algorithm)) {
    throw new TypeError(
      `cannot parse digest "${text}": unknown algorithm, expected one of ${digestAlgorithms.join(', ')}`,
    );
  }
  if (hex.length !== hexLength[algorithm] || !/^[0-9a-f]+$/.test(hex)) {
    throw new TypeError(`cannot parse digest "${text}": expected ${hexLength[algorithm]} lower-case hex digits`);
  }
  return { algorithm, hex };
}

export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}

/** Compares in constant time. */
export function equalHex(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}
