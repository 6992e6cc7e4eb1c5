import { createHash, timingSafeEqual } from 'node:crypto';
import { type DigestAlgorithm, digestParts, parseDigest } from '#crds';
import { blake3 } from '@noble/hashes/blake3.js';

/** What `--artifact-digest-algo` takes, and what a consumer accepts. */
export const digestAlgorithms: readonly DigestAlgorithm[] = ['sha256', 'sha1', 'sha384', 'sha512', 'blake3'];

/** Bytes go in piece by piece; `digest` ends it and gives lower-case hex. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string;
}

export interface DigestParts {
  readonly algorithm: DigestAlgorithm;
  readonly hex: string;
}

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
 * Takes a digest as an artifact carries it apart.
 * @throws TypeError when the algorithm is unknown or the digits are not as many as it has
 */
export function readDigest(text: string): DigestParts {
  return digestParts(parseDigest(text));
}

export function formatDigest({ algorithm, hex }: DigestParts): string {
  return `${algorithm}:${hex}`;
}

/** Compares in constant time. */
export function equalHex(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}
