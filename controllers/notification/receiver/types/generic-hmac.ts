import { verifySignature } from '../signature.ts';
import { header, type Validator } from '../webhook.ts';

/** `X-Signature: sha256=<hex>`. */
export const genericHmac: Validator = (call) => {
  verifySignature(header(call, 'x-signature'), call.token, call.body);
  return {};
};
