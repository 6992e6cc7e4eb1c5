import { header, requireEvent, type Validator } from '../webhook.ts';
import { verifyHubSignature } from './github.ts';

/** Bitbucket Server and Cloud: GitHub's signature, an event header of its own. */
export const bitbucket: Validator = (call) => {
  verifyHubSignature(call);
  requireEvent(call.receiver, 'Bitbucket server', header(call, 'x-event-key'));
  return {};
};
