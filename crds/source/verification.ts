import { type LocalObjectReference, localObjectReference } from '../meta/references.ts';
import {
  allBut,
  array,
  described,
  object,
  oneOf,
  optional,
  type OptionalSchema,
  type Schema,
  string,
} from '../schema/schema.ts';

/** Who must have signed an OCI artifact, where no key is given: both are regular expressions. */
export interface OidcIdentityMatch {
  readonly issuer: string;
  readonly subject: string;
}

/** What makes an OCI artifact trusted. */
export interface ChartVerification {
  readonly provider: 'cosign' | 'notation';
  readonly secretRef?: LocalObjectReference;
  readonly matchOIDCIdentity?: readonly OidcIdentityMatch[];
}

export interface OciVerification extends ChartVerification {
  readonly trustedRootSecretRef?: LocalObjectReference;
}

const provider: Schema<ChartVerification['provider']> = oneOf(['cosign', 'notation'], {
  default: 'cosign',
  description: 'Who made the signatures.',
  comesLater: allBut('cosign'),
});

const secretRef: OptionalSchema<LocalObjectReference> = optional(
  described(localObjectReference, {
    description:
      'Secret with what is trusted. For cosign: public keys (`*.pub`), one of which must fit; ' +
      'for notation: `trustpolicy.json` and certificates (`*.crt`, `*.pem`).',
  }),
);

const identity: Schema<OidcIdentityMatch> = object(
  {
    issuer: string({ description: 'Regular expression that the issuer of the certificate must match.' }),
    subject: string({ description: 'Regular expression that the subject of the certificate must match.' }),
  },
  { description: 'One identity that is trusted.' },
);

const matchOIDCIdentity: OptionalSchema<readonly OidcIdentityMatch[]> = optional(
  array(identity, {
    description: 'Whose signatures count when there are no keys; one match is enough.',
    comesLater: true,
  }),
);

const keyless = {
  when: (value: unknown): boolean => typeof value === 'object' && value !== null && !('secretRef' in value),
  what: 'without secretRef',
} as const;

const description = 'Refuses artifacts without a trusted signature.';

export const ociVerification: Schema<OciVerification> = object<OciVerification>(
  {
    provider,
    secretRef,
    matchOIDCIdentity,
    trustedRootSecretRef: optional(
      described(localObjectReference, {
        description: 'Secret with a Sigstore root of your own (`trusted_root.json`), for signatures without keys.',
        comesLater: true,
      }),
    ),
  },
  { description, comesLater: keyless },
);

export const chartVerification: Schema<ChartVerification> = object<ChartVerification>(
  { provider, secretRef, matchOIDCIdentity },
  { description, comesLater: keyless },
);
