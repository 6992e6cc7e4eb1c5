import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Receiver } from '#crds';

export interface Webhook {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A call that is not what it claims to be, or not wanted; the text names no secret. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}

/** @throws WebhookRefused (answered with 400) */
export function validateWebhook(receiver: Receiver, token: Buffer, webhook: Webhook): void {
  switch (receiver.spec.type) {
    case 'generic':
      return;
    case 'generic-hmac':
      verifySignature(header(webhook, 'x-signature'), token, webhook.body);
      return;
    case 'github':
      validateGitHub(receiver, token, webhook);
      return;
    case 'gitlab':
      if (!isEqual(headerBytes(webhook, 'x-gitlab-token'), token))
        throw new WebhookRefused("the X-Gitlab-Token header value doesn't match the receiver token");
      requireEvent(receiver, 'GitLab', header(webhook, 'x-gitlab-event'));
      return;
    default:
      throw new WebhookRefused(`receiver type '${receiver.spec.type}' is not supported yet`);
  }
}

function validateGitHub(receiver: Receiver, token: Buffer, webhook: Webhook): void {
  const type = (header(webhook, 'content-type').split(';')[0] ?? '').trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-www-form-urlencoded') {
    throw new WebhookRefused(`webhook request has unsupported Content-Type "${type}"`);
  }
  verifySignature(header(webhook, 'x-hub-signature-256') || header(webhook, 'x-hub-signature'), token, webhook.body);
  requireEvent(receiver, 'GitHub', header(webhook, 'x-github-event'));
}

/** `events` is an allow-list in any case; empty allows all. */
function requireEvent(receiver: Receiver, host: string, event: string): void {
  const { events = [] } = receiver.spec;
  if (events.length === 0 || events.some((allowed) => allowed.toLowerCase() === event.toLowerCase())) return;
  throw new WebhookRefused(`the ${host} event '${event}' is not authorised`);
}

function header(webhook: Webhook, name: string): string {
  const value = webhook.headers[name];
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
}

/** Node reads header bytes as Latin-1. */
function headerBytes(webhook: Webhook, name: string): Buffer {
  return Buffer.from(header(webhook, name), 'latin1');
}

const algorithms = new Set(['sha1', 'sha256', 'sha512']);

/** `sha256=<hex>` of the raw body. */
function verifySignature(signature: string, token: Buffer, body: Buffer): void {
  if (signature === '') throw new WebhookRefused('missing signature header');
  const [algorithm = '', hex = ''] = signature.split('=', 2);
  if (!algorithms.has(algorithm)) throw new WebhookRefused(`unknown hash algorithm "${algorithm}"`);
  const wanted = createHmac(algorithm, token).update(body).digest('hex');
  if (!isEqual(Buffer.from(hex.toLowerCase()), Buffer.from(wanted)))
    throw new WebhookRefused('invalid signature: the digest does not match');
}

/** In a time that does not tell where they differ. */
function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
