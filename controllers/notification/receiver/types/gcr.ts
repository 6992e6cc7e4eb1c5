import { isRecord } from '../../json-record.ts';
import { bearerToken, decodeBody, isEqual, type Validator, WebhookRefused } from '../webhook.ts';

const google = {
  issuers: ['accounts.google.com', 'https://accounts.google.com'],
  keysUrl: 'https://www.googleapis.com/oauth2/v3/certs',
};

/** A push subscription of Pub/Sub: Google signs for the service account, and filters see the message inside. */
export const gcr: Validator = async (call) => {
  const field = (name: string): string => {
    const value = call.secret.get(name)?.toString('utf8') ?? '';
    if (value === '') throw new WebhookRefused(`invalid secret data: required field '${name}' for GCR`);
    return value;
  };
  const email = field('email');
  const claims = await call.oidc.claims(bearerToken(call), { ...google, audience: field('audience') });
  if (!isEqual(Buffer.from(String(claims['email'])), Buffer.from(email)) || claims['email_verified'] !== true)
    throw new WebhookRefused("the email of the GCR token doesn't match, or is not verified");
  const { message } = decodeBody('GCR', call.body, { message: { data: 'text' } });
  const data = isRecord(message) ? message['data'] : undefined;
  const body = Buffer.from(typeof data === 'string' ? data : '', 'base64');
  decodeBody('GCR', body, { action: 'text', digest: 'text', tag: 'text' });
  return { body };
};
