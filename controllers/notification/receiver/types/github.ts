import { verifySignature } from '../signature.ts';
import { header, requireEvent, type Validator, type WebhookCall, WebhookRefused } from '../webhook.ts';

/** The signature of the body as GitHub, Gitea and Bitbucket send it. @throws WebhookRefused */
export function verifyHubSignature(call: WebhookCall): void {
  const type = (header(call, 'content-type').split(';')[0] ?? '').trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-www-form-urlencoded')
    throw new WebhookRefused(`webhook request has unsupported Content-Type "${type}"`);
  const signature = header(call, 'x-hub-signature-256') || header(call, 'x-hub-signature');
  verifySignature(signature, call.token, call.body);
}

export const github: Validator = (call) => {
  verifyHubSignature(call);
  requireEvent(call.receiver, 'GitHub', header(call, 'x-github-event'));
  return {};
};
