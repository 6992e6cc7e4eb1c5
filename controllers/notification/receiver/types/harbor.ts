import { headerBytes, isEqual, type Validator, WebhookRefused } from '../webhook.ts';

/** The `Authorization` header is the token, without a word before it. */
export const harbor: Validator = (call) => {
  if (!isEqual(headerBytes(call, 'authorization'), call.token))
    throw new WebhookRefused("the Harbor Authorization header value doesn't match the receiver token");
  return {};
};
