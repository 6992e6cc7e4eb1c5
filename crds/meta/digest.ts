declare const brand: unique symbol;

/** `<algorithm>:<lower-case hex>` whose length fits the algorithm. */
export type Digest = string & { readonly [brand]: 'Digest' };

const hexDigits = { sha1: 40, sha256: 64, sha384: 96, sha512: 128, blake3: 64 } as const;

export type DigestAlgorithm = keyof typeof hexDigits;

/**
 * Reads a digest such as an artifact carries. Bare hex, as old sources wrote it, is taken for sha256.
 * @throws TypeError for an unknown algorithm or a wrong number of digits
 */
export function parseDigest(text: string): Digest {
  const { algorithm, hex } = split(text.includes(':') ? text : `sha256:${text}`);
  const digits = isAlgorithm(algorithm) ? hexDigits[algorithm] : 0;
  if (digits === 0 || hex.length !== digits || !/^[0-9a-f]+$/.test(hex)) {
    throw new TypeError(`cannot parse digest "${text}": expected one of ${algorithms()}, a colon and its hex digits`);
  }
  // The cast rests on the check above.
  return `${algorithm}:${hex}` as Digest;
}

/** The algorithm and the hex digits of a digest. */
export function digestParts(digest: Digest): { readonly algorithm: DigestAlgorithm; readonly hex: string } {
  const { algorithm, hex } = split(digest);
  if (!isAlgorithm(algorithm)) throw new TypeError(`cannot split digest "${digest}": expected one of ${algorithms()}`);
  return { algorithm, hex };
}

function split(text: string): { readonly algorithm: string; readonly hex: string } {
  const colon = text.indexOf(':');
  return { algorithm: text.slice(0, colon), hex: text.slice(colon + 1) };
}

function isAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(hexDigits, name);
}

function algorithms(): string {
  return Object.keys(hexDigits).join(', ');
}
