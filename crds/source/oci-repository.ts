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
  allBut,
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
import { type OciVerification, ociVerification } from './verification.ts';

export type OCIRepository = Resource<
  'source.toolkit.fluxcd.io/v1',
  'OCIRepository',
  OCIRepositorySpec,
  OCIRepositoryStatus
>;

export interface OCIRepositorySpec {
  readonly url: string;
  readonly interval: string;
  readonly timeout?: string;
  readonly ref?: OCIRepositoryRef;
  readonly layerSelector?: OCILayerSelector;
  readonly provider?: 'generic' | 'aws' | 'azure' | 'gcp';
  readonly secretRef?: LocalObjectReference;
  readonly serviceAccountName?: string;
  readonly certSecretRef?: LocalObjectReference;
  readonly proxySecretRef?: LocalObjectReference;
  readonly verify?: OciVerification;
  readonly ignore?: string;
  readonly insecure?: boolean;
  readonly suspend?: boolean;
}

export interface OCIRepositoryRef {
  readonly digest?: string;
  readonly semver?: string;
  readonly semverFilter?: string;
  readonly tag?: string;
}

export interface OCILayerSelector {
  readonly mediaType?: string;
  readonly operation?: 'extract' | 'copy';
}

export interface OCIRepositoryStatus extends CommonStatus {
  readonly artifact?: Artifact;
  readonly url?: string;
  readonly observedIgnore?: string;
  readonly observedLayerSelector?: OCILayerSelector;
}

const ref: Schema<OCIRepositoryRef> = object(
  {
    digest: optional(string({ description: 'Digest of a manifest, as `sha256:<hex>`; wins over everything else.' })),
    semver: optional(string({ description: 'Range of versions: the highest tag in it is used. Wins over `tag`.' })),
    semverFilter: optional(
      string({ description: 'Regular expression; only tags that match it are looked at for `semver`.' }),
    ),
    tag: optional(string({ description: 'Tag to follow. With nothing set, `latest`.' })),
  },
  { description: 'Which manifest to use. The most specific field wins: `digest`, `semver`, `tag`.' },
);

const layerSelector: Schema<OCILayerSelector> = object(
  {
    mediaType: optional(
      string({
        description: 'Media type of the layer to take: the first one that has it. The first layer when left out.',
      }),
    ),
    operation: optional(
      oneOf(['extract', 'copy'], {
        description:
          '`extract` (the default) unpacks the layer and packs it anew; `copy` stores its bytes as they are.',
      }),
    ),
  },
  { description: 'Which layer of the artifact to take, and how.' },
);

const spec: Schema<OCIRepositorySpec> = object(
  {
    url: string({
      description: 'Address of the repository, as `oci://<host>/<repository>`, without tag and digest.',
      pattern: '^oci://.*$',
    }),
    interval: duration({
      description: 'How often the registry is asked for a new revision. A little jitter is added.',
    }),
    timeout: optional(
      shortDuration({ default: '60s', description: 'How long the requests of one run to the registry may take.' }),
    ),
    ref: optional(ref),
    layerSelector: optional(layerSelector),
    provider: optional(
      oneOf(['generic', 'aws', 'azure', 'gcp'], {
        default: 'generic',
        description: 'How to authenticate where no Secret says so: the others use the identity of the workload.',
        comesLater: allBut('generic'),
      }),
    ),
    secretRef: optional(
      described(localObjectReference, {
        description: 'Secret of type `kubernetes.io/dockerconfigjson` with the credentials of the registry.',
      }),
    ),
    serviceAccountName: optional(string({ description: 'ServiceAccount whose `imagePullSecrets` are used as well.' })),
    certSecretRef: optional(
      described(localObjectReference, {
        description: 'Secret with `ca.crt` to trust, or `tls.crt` and `tls.key` to show, or all of them.',
      }),
    ),
    proxySecretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with the proxy: `address`, optionally `username` and `password`. Wins over the environment.',
      }),
    ),
    verify: optional(ociVerification),
    ignore: optional(
      string({
        description:
          'Paths to leave out of the archive, one pattern a line as in `.gitignore`; ' +
          'added to the `.sourceignore` files of the artifact. Only for `extract`.',
      }),
    ),
    insecure: optional(
      boolean({ description: 'Allows plain HTTP and, without `certSecretRef`, certificates that nobody vouches for.' }),
    ),
    suspend: optional(boolean({ description: 'Stops looking for new revisions; what is stored stays available.' })),
  },
  { description: 'What to pull, and how.' },
);

const status: Schema<OCIRepositoryStatus> = object<OCIRepositoryStatus>(
  {
    ...statusFields,
    artifact: optional(artifact),
    url: optional(string({ description: 'Where the newest archive can be downloaded, whatever its revision.' })),
    observedIgnore: optional(string({ description: 'The `spec.ignore` that the archive was made with.' })),
    observedLayerSelector: optional(
      described(layerSelector, { description: 'The `spec.layerSelector` that the archive was made with.' }),
    ),
  },
  { description: 'What was pulled, and how the last run ended.', default: freshStatus },
);

export const ociRepository: CustomResource<OCIRepositorySpec, OCIRepositoryStatus> = customResource({
  group: sourceGroup,
  version: 'v1',
  kind: 'OCIRepository',
  plural: 'ocirepositories',
  shortNames: ['ocirepo'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  component: 'source-controller',
  description: 'OCIRepository makes one layer of an artifact in a container registry available inside the cluster.',
  columns: [{ name: 'URL', type: 'string', jsonPath: '.spec.url' }, readyColumn, statusColumn, ageColumn],
  spec,
  status,
});
