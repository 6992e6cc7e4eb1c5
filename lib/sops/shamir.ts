import { SopsError } from './error.ts';

/** Multiplication in GF(2^8) with the polynomial of AES, in which SOPS splits its data keys. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let [x, y] = [a, b]; y > 0; y >>= 1) {
    if ((y & 1) === 1) product ^= x;
    x = (x << 1) ^ (x >= 0x80 ? 0x11b : 0);
  }
  return product;
}

/** The 254th power: every element to the 255th is one. */
function inverse(a: number): number {
  let power = 1;
  for (let i = 0; i < 254; i++) power = multiply(power, a);
  return power;
}

/**
 * Puts a secret together again from shares of Shamir's scheme: a share is the secret's bytes at one point of the polynomials,
 * with the point itself behind them.
 * @throws SopsError 'noKey' for shares that do not belong together
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  const length = shares[0]?.length ?? 0;
  const points = shares.map((share) => share[length - 1] ?? 0);
  const fit = length >= 2 && shares.length >= 2 && shares.every((share) => share.length === length);
  if (!fit || new Set(points).size !== points.length) {
    throw new SopsError('noKey', 'cannot combine the parts of the data key: they do not belong together');
  }
  const weights = points.map((point) =>
    points
      .filter((other) => other !== point)
      .reduce((weight, other) => multiply(weight, multiply(other, inverse(other ^ point))), 1),
  );
  return Uint8Array.from({ length: length - 1 }, (_, at) =>
    shares.reduce((sum, share, i) => sum ^ multiply(share[at] ?? 0, weights[i] ?? 0), 0),
  );
}
