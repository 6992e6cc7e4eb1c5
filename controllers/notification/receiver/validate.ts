import type { ReceiverType } from '#crds';
import { acr } from './types/acr.ts';
import { bitbucket } from './types/bitbucket.ts';
import { cdevents } from './types/cdevents.ts';
import { dockerhub } from './types/dockerhub.ts';
import { gcr } from './types/gcr.ts';
import { genericHmac } from './types/generic-hmac.ts';
import { genericOidc } from './types/generic-oidc.ts';
import { github } from './types/github.ts';
import { gitlab } from './types/gitlab.ts';
import { harbor } from './types/harbor.ts';
import { nexus } from './types/nexus.ts';
import { quay } from './types/quay.ts';
import type { Accepted, Validator, WebhookCall } from './webhook.ts';

/** How each type of Receiver verifies its calls (spec section 7). */
const validators: Readonly<Record<ReceiverType, Validator>> = {
  generic: () => ({}), // the path is the secret
  'generic-hmac': genericHmac,
  'generic-oidc': genericOidc,
  github,
  gitlab,
  bitbucket,
  harbor,
  dockerhub,
  quay,
  gcr,
  nexus,
  acr,
  cdevents,
};

/** @throws WebhookRefused (answered with 400) */
export async function validateWebhook(call: WebhookCall): Promise<Accepted> {
  return await validators[call.receiver.spec.type](call);
}
