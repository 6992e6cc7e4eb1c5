import { verifyDigest } from '../signature.ts';
import { decodeBody, header, type Validator, WebhookRefused } from '../webhook.ts';

/** Nexus Repository Manager 3: HMAC-SHA1 in plain hex. */
export const nexus: Validator = (call) => {
  const signature = header(call, 'x-nexus-webhook-signature');
  if (signature === '') throw new WebhookRefused('the Nexus signature is missing from header');
  verifyDigest('sha1', signature, call.token, call.body);
  decodeBody('Nexus', call.body, { action: 'text', repositoryName: 'text' });
  return {};
};
