import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Receiver } from '#crds';
import { isRecord, type JsonRecord } from '../json-record.ts';
import type { SecretData } from '../secret.ts';
import type { OidcVerifier } from './oidc-verifier.ts';

export interface Webhook {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A call that came in for a Receiver. */
export interface WebhookCall extends Webhook {
  readonly receiver: Receiver;
  /** Of the Receiver's Secret; empty without one. */
  readonly token: Buffer;
  readonly secret: SecretData;
  readonly oidc: Pick<OidcVerifier, 'claims'>;
}

/** What verifying gave beside the yes. */
export interface Accepted {
  /** What filters see in place of the body that came. */
  readonly body?: Buffer;
  /** Of the token that the caller showed, for filters. */
  readonly claims?: JsonRecord;
}

/** Verifies the calls of one type of Receiver. @throws WebhookRefused */
export type Validator = (call: WebhookCall) => Accepted | Promise<Accepted>;

/** A call that is not what it claims to be, or not wanted; the text names no secret. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
  /** What the caller is told. */
  readonly reply: string;

  constructor(message: string, options: ErrorOptions & { readonly reply?: string } = {}) {
    super(message, options);
    this.reply = options.reply ?? '';
  }
}

export function header({ headers }: Webhook, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
}

/** Node reads header bytes as Latin-1. */
export function headerBytes(webhook: Webhook, name: string): Buffer {
  return Buffer.from(header(webhook, name), 'latin1');
}

/** The JWT of an `Authorization: Bearer` header. */
export function bearerToken(webhook: Webhook): string {
  const [, token] = /^bearer +(\S+)$/i.exec(header(webhook, 'authorization').trim()) ?? [];
  if (token === undefined) throw new WebhookRefused('the Authorization header is missing or has no bearer token');
  return token;
}

/** In a time that does not tell where they differ. */
export function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** `events` is an allow-list in any case; empty allows all. */
export function requireEvent({ spec: { events = [] } }: Receiver, host: string, event: string): void {
  if (events.length === 0 || events.some((allowed) => allowed.toLowerCase() === event.toLowerCase())) return;
  throw new WebhookRefused(`the ${host} event '${event}' is not authorised`);
}

/** Names the fields that are read of a body, with their types. */
export type BodyShape = { readonly [field: string]: 'text' | 'texts' | BodyShape };

/**
 * A body that decodes as Go's would into these fields: any of them may be missing, none may have another type.
 * @throws WebhookRefused
 */
export function decodeBody(host: string, body: Buffer, shape: BodyShape): JsonRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw new WebhookRefused(`cannot decode the ${host} webhook payload: it is no JSON`);
  }
  const fault = faultOf(parsed, shape, '');
  if (fault !== undefined) throw new WebhookRefused(`cannot decode the ${host} webhook payload: ${fault}`);
  return isRecord(parsed) ? parsed : {};
}

function faultOf(value: unknown, shape: BodyShape[string], path: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  const where = path === '' ? 'it' : `field "${path}"`;
  if (shape === 'text') return typeof value === 'string' ? undefined : `${where} is no text`;
  if (shape === 'texts') {
    const isTexts = Array.isArray(value) && value.every((item) => item === null || typeof item === 'string');
    return isTexts ? undefined : `${where} is no list of texts`;
  }
  if (!isRecord(value)) return `${where} is no object`;
  for (const [field, inner] of Object.entries(shape)) {
    const fault = faultOf(value[field], inner, path === '' ? field : `${path}.${field}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
