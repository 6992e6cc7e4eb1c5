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
  array,
  boolean,
  described,
  duration,
  map,
  object,
  oneOf,
  optional,
  type Schema,
  shortDuration,
  string,
  text,
} from '../schema/schema.ts';

export type HelmRepository = Resource<
  'source.toolkit.fluxcd.io/v1',
  'HelmRepository',
  HelmRepositorySpec,
  HelmRepositoryStatus
>;

export interface HelmRepositorySpec {
  readonly url: string;
  readonly secretRef?: LocalObjectReference;
  readonly certSecretRef?: LocalObjectReference;
  readonly passCredentials?: boolean;
  readonly interval?: string;
  readonly insecure?: boolean;
  readonly timeout?: string;
  readonly suspend?: boolean;
  readonly accessFrom?: AccessFrom;
  readonly type?: 'default' | 'oci';
  readonly provider?: 'generic' | 'aws' | 'azure' | 'gcp';
}

export interface AccessFrom {
  readonly namespaceSelectors: readonly NamespaceSelector[];
}

export interface NamespaceSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface HelmRepositoryStatus extends CommonStatus {
  readonly artifact?: Artifact;
  readonly url?: string;
}

const namespaceSelector: Schema<NamespaceSelector> = object(
  { matchLabels: optional(map(text, { description: 'Labels that the namespace must have.' })) },
  { description: 'One selection of namespaces.' },
);

const accessFrom: Schema<AccessFrom> = object(
  {
    namespaceSelectors: array(namespaceSelector, { description: 'Which namespaces; one match is enough.' }),
  },
  { description: 'Namespaces whose objects may use this one. It has never had an effect, in Flux either.' },
);

const spec: Schema<HelmRepositorySpec> = object<HelmRepositorySpec>(
  {
    url: string({
      description: 'Address of the repository: `https://`, `http://`, or `oci://` with the type `oci`.',
      pattern: '^(http|https|oci)://.*$',
    }),
    secretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with credentials: `username` and `password`; for the type `oci` also of type `kubernetes.io/dockerconfigjson`.',
      }),
    ),
    certSecretRef: optional(
      described(localObjectReference, {
        description: 'Secret with `ca.crt` to trust, or `tls.crt` and `tls.key` to show, or all of them.',
      }),
    ),
    passCredentials: optional(
      boolean({ description: 'Sends the credentials to the hosts of charts too, when those are elsewhere.' }),
    ),
    interval: optional(
      duration({ description: 'How often the index is downloaded; `1m` when left out. A little jitter is added.' }),
    ),
    insecure: optional(boolean({ description: 'Allows plain HTTP, for the type `oci`.' })),
    timeout: optional(
      shortDuration({ description: 'How long a download may take, of the index or of a chart; `60s` when left out.' }),
    ),
    suspend: optional(boolean({ description: 'Stops looking for new revisions; what is stored stays available.' })),
    accessFrom: optional(accessFrom),
    type: optional(
      oneOf(['default', 'oci'], {
        description:
          '`default` is an index file over HTTP, `oci` a container registry; such an object is never reconciled.',
      }),
    ),
    provider: optional(
      oneOf(['generic', 'aws', 'azure', 'gcp'], {
        default: 'generic',
        description: 'How to authenticate to a registry where no Secret says so; for the type `oci`.',
        comesLater: allBut('generic'),
      }),
    ),
  },
  { description: 'Where the charts are.' },
);

const status: Schema<HelmRepositoryStatus> = object<HelmRepositoryStatus>(
  {
    ...statusFields,
    artifact: optional(artifact),
    url: optional(string({ description: 'Where the newest index can be downloaded, whatever its revision.' })),
  },
  { description: 'What was fetched, and how the last run ended.', default: freshStatus },
);

export const helmRepository: CustomResource<HelmRepositorySpec, HelmRepositoryStatus> = customResource({
  group: sourceGroup,
  version: 'v1',
  kind: 'HelmRepository',
  plural: 'helmrepositories',
  shortNames: ['helmrepo'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  component: 'source-controller',
  description: 'HelmRepository makes the index of a Helm repository available inside the cluster.',
  columns: [{ name: 'URL', type: 'string', jsonPath: '.spec.url' }, ageColumn, readyColumn, statusColumn],
  spec,
  status,
});
