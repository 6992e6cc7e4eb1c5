import { type Artifact, artifact } from '../meta/artifact.ts';
import { type LocalObjectReference, localObjectReference } from '../meta/references.ts';
import { type CommonStatus, freshStatus, statusFields } from '../meta/status-fields.ts';
import { sourceGroup } from '../meta/well-known.ts';
import {
  ageColumn,
  type CustomResource,
  customResource,
  type Resource,
  readyColumn,
  statusColumn,
} from '../schema/custom-resource.ts';
import {
  boolean,
  described,
  duration,
  object,
  oneOf,
  optional,
  type Schema,
  shortDuration,
  string,
} from '../schema/schema.ts';

export type Bucket = Resource<'source.toolkit.fluxcd.io/v1', 'Bucket', BucketSpec, BucketStatus>;

export interface BucketSpec {
  readonly provider?: 'generic' | 'aws' | 'gcp' | 'azure';
  readonly bucketName: string;
  readonly endpoint: string;
  readonly sts?: BucketSts;
  readonly insecure?: boolean;
  readonly region?: string;
  readonly prefix?: string;
  readonly secretRef?: LocalObjectReference;
  readonly serviceAccountName?: string;
  readonly certSecretRef?: LocalObjectReference;
  readonly proxySecretRef?: LocalObjectReference;
  readonly interval: string;
  readonly timeout?: string;
  readonly ignore?: string;
  readonly suspend?: boolean;
}

export interface BucketSts {
  readonly provider: 'aws' | 'ldap';
  readonly endpoint: string;
  readonly secretRef?: LocalObjectReference;
  readonly certSecretRef?: LocalObjectReference;
}

export interface BucketStatus extends CommonStatus {
  readonly artifact?: Artifact;
  readonly url?: string;
  readonly observedIgnore?: string;
}

const sts: Schema<BucketSts> = object(
  {
    provider: oneOf(['aws', 'ldap'], { description: 'Which protocol the service speaks.' }),
    endpoint: string({ description: 'Address of the service.', pattern: '^(http|https)://.*$' }),
    secretRef: optional(
      described(localObjectReference, { description: 'Secret with `username` and `password`, for `ldap`.' }),
    ),
    certSecretRef: optional(
      described(localObjectReference, {
        description: 'Secret with `ca.crt`, or `tls.crt` and `tls.key`, for `ldap`.',
      }),
    ),
  },
  { description: 'Service that gives out temporary credentials for the bucket.', comesLater: true },
);

/** Without a Secret, a cloud provider takes the identity of the workload; anything generic is then asked anonymously. */
function isIdentityOfWorkload(spec: unknown): boolean {
  if (typeof spec !== 'object' || spec === null || 'secretRef' in spec || 'sts' in spec) return false;
  return 'provider' in spec && spec.provider !== 'generic' && !('serviceAccountName' in spec);
}

const spec: Schema<BucketSpec> = object(
  {
    provider: optional(
      oneOf(['generic', 'aws', 'gcp', 'azure'], {
        default: 'generic',
        description: 'What serves the bucket: `generic` is anything that speaks S3, `azure` is Azure Blob Storage.',
      }),
    ),
    bucketName: string({ description: 'Name of the bucket; for `azure`, of the container.' }),
    endpoint: string({
      description: 'Host (and port) of the service, such as `s3.amazonaws.com`; for `azure` a URL.',
    }),
    sts: optional(sts),
    insecure: optional(boolean({ description: 'Allows plain HTTP.' })),
    region: optional(string({ description: 'Region of the bucket, such as `us-east-1`.' })),
    prefix: optional(
      string({ description: 'Only objects whose key begins with it are fetched; the service filters.' }),
    ),
    secretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with credentials: `accesskey` and `secretkey` for S3, `serviceaccount` (a JSON key) for `gcp`, ' +
          '`accountKey` or `sasKey` for `azure`.',
      }),
    ),
    serviceAccountName: optional(
      string({ description: 'ServiceAccount whose workload identity is used.', comesLater: true }),
    ),
    certSecretRef: optional(
      described(localObjectReference, {
        description: 'Secret with `ca.crt` to trust, or `tls.crt` and `tls.key` to show; for `generic` only.',
      }),
    ),
    proxySecretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with the proxy: `address`, optionally `username` and `password`. Wins over the environment.',
      }),
    ),
    interval: duration({ description: 'How often the bucket is listed. A little jitter is added.' }),
    timeout: optional(
      shortDuration({ default: '60s', description: 'How long listing the bucket, and then fetching it, may take.' }),
    ),
    ignore: optional(
      string({
        description:
          'Keys to leave out, one pattern a line as in `.gitignore`; added to the `.sourceignore` in the root of the bucket.',
      }),
    ),
    suspend: optional(boolean({ description: 'Stops looking for new revisions; what is stored stays available.' })),
  },
  {
    description: 'What to fetch, and how.',
    comesLater: {
      when: (value) => isIdentityOfWorkload(value),
      what: 'provider aws, gcp or azure without secretRef',
    },
    rules: [
      {
        rule: "!has(self.sts) || self.provider in ['aws', 'generic']",
        message: "STS configuration is only supported for the 'aws' and 'generic' Bucket providers",
      },
      {
        rule: "!has(self.sts) || self.provider != 'aws' || self.sts.provider == 'aws'",
        message: "STS provider must be 'aws' for the 'aws' Bucket provider",
      },
      {
        rule: "!has(self.sts) || self.provider != 'generic' || self.sts.provider == 'ldap'",
        message: "STS provider must be 'ldap' for the 'generic' Bucket provider",
      },
      {
        rule: "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.secretRef)",
        message: "spec.sts.secretRef is not required for the 'aws' STS provider",
      },
      {
        rule: "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.certSecretRef)",
        message: "spec.sts.certSecretRef is not required for the 'aws' STS provider",
      },
      {
        rule: "self.provider != 'generic' || !has(self.serviceAccountName)",
        message: "ServiceAccountName is not supported for the 'generic' Bucket provider",
      },
      {
        rule: '!has(self.secretRef) || !has(self.serviceAccountName)',
        message: 'cannot set both .spec.secretRef and .spec.serviceAccountName',
      },
    ],
  },
);

const status: Schema<BucketStatus> = object<BucketStatus>(
  {
    ...statusFields,
    artifact: optional(artifact),
    url: optional(string({ description: 'Where the newest archive can be downloaded, whatever its revision.' })),
    observedIgnore: optional(string({ description: 'The `spec.ignore` that the archive was made with.' })),
  },
  { description: 'What was fetched, and how the last run ended.', default: freshStatus },
);

export const bucket: CustomResource<BucketSpec, BucketStatus> = customResource({
  group: sourceGroup,
  version: 'v1',
  kind: 'Bucket',
  plural: 'buckets',
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  component: 'source-controller',
  description: 'Bucket makes the objects of a storage bucket available inside the cluster.',
  columns: [{ name: 'Endpoint', type: 'string', jsonPath: '.spec.endpoint' }, ageColumn, readyColumn, statusColumn],
  spec,
  status,
});
