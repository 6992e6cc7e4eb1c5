import { createHmac } from 'node:crypto';
import { isEqual, WebhookRefused } from './webhook.ts';

const algorithms = new Set(['sha1', 'sha256', 'sha512']);

/** `sha256=<hex>` of the raw body. @throws WebhookRefused */
export function verifySignature(signature: string, token: Buffer, body: Buffer): void {
  if (signature === '') throw new WebhookRefused('missing signature header');
  const [algorithm = '', hex = ''] = signature.split('=', 2);
  if (!algorithms.has(algorithm)) throw new WebhookRefused(`unknown hash algorithm "${algorithm}"`);
  verifyDigest(algorithm, hex, token, body);
}

/** The HMAC in hex, without the name of its algorithm. @throws WebhookRefused */
export function verifyDigest(algorithm: string, hex: string, token: Buffer, body: Buffer): void {
  const wanted = createHmac(algorithm, token).update(body).digest('hex');
  if (!isEqual(Buffer.from(hex.toLowerCase()), Buffer.from(wanted)))
    throw new WebhookRefused('invalid signature: the digest does not match');
}
