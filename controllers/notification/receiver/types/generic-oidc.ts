import { CelError } from '#cel';
import { isRecord } from '../../json-record.ts';
import { failedValidations, oidcRules } from '../oidc-rules.ts';
import { bearerToken, type Validator, WebhookRefused } from '../webhook.ts';

/** Audience that a token is made for where the Receiver names none. */
const defaultAudience = 'notification-controller';

/** A token of one of the Receiver's issuers whose claims keep all rules. */
export const genericOidc: Validator = async (call) => {
  const token = bearerToken(call);
  const issuer = issuerOf(token);
  const found = [...oidcRules(call.receiver)].find(([{ issuerURL }]) => issuerURL === issuer);
  if (found === undefined) throw new WebhookRefused('the issuer of the OIDC token is none of the receiver');
  const [{ issuerURL, audience = defaultAudience }, rules] = found;
  const claims = await call.oidc.claims(token, { issuers: [issuerURL], audience });
  let failed: readonly string[];
  try {
    failed = failedValidations(rules, claims);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    throw new WebhookRefused(`unable to evaluate the OIDC token: ${error.message}`, { cause: error });
  }
  if (failed.length === 0) return { claims };
  const reply = failed.join(', ');
  throw new WebhookRefused(`the claims of the OIDC token are not accepted: ${reply}`, { reply });
};

/** Read before it is verified: it only chooses who has to have signed. */
function issuerOf(token: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isRecord(claims) ? claims['iss'] : undefined;
  } catch {
    throw new WebhookRefused('the bearer token is no JWT');
  }
}
