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
  object,
  oneOf,
  optional,
  type Schema,
  shortDuration,
  string,
  text,
} from '../schema/schema.ts';

export type GitRepository = Resource<
  'source.toolkit.fluxcd.io/v1',
  'GitRepository',
  GitRepositorySpec,
  GitRepositoryStatus
>;

export interface GitRepositorySpec {
  readonly url: string;
  readonly interval: string;
  readonly timeout?: string;
  readonly ref?: GitRepositoryRef;
  readonly secretRef?: LocalObjectReference;
  readonly provider?: 'generic' | 'aws' | 'azure' | 'github';
  readonly serviceAccountName?: string;
  readonly proxySecretRef?: LocalObjectReference;
  readonly verify?: GitRepositoryVerification;
  readonly ignore?: string;
  readonly include?: readonly GitRepositoryInclude[];
  readonly recurseSubmodules?: boolean;
  readonly sparseCheckout?: readonly string[];
  readonly suspend?: boolean;
}

export interface GitRepositoryRef {
  readonly branch?: string;
  readonly tag?: string;
  readonly semver?: string;
  readonly name?: string;
  readonly commit?: string;
}

export interface GitRepositoryVerification {
  readonly mode?: 'head' | 'HEAD' | 'Tag' | 'TagAndHEAD';
  readonly secretRef: LocalObjectReference;
}

export interface GitRepositoryInclude {
  readonly repository: LocalObjectReference;
  readonly fromPath?: string;
  readonly toPath?: string;
}

export interface GitRepositoryStatus extends CommonStatus {
  readonly artifact?: Artifact;
  readonly includedArtifacts?: readonly Artifact[];
  readonly observedIgnore?: string;
  readonly observedInclude?: readonly GitRepositoryInclude[];
  readonly observedRecurseSubmodules?: boolean;
  readonly observedSparseCheckout?: readonly string[];
  readonly sourceVerificationMode?: string;
}

const ref: Schema<GitRepositoryRef> = object(
  {
    branch: optional(string({ description: 'Branch to follow. With nothing else set, `master`.' })),
    tag: optional(string({ description: 'Tag to check out; wins over `semver` and `branch`.' })),
    semver: optional(
      string({
        description: 'Range of versions, such as `>=1.2.0 <2.0.0`: the highest tag in it is used. Wins over `branch`.',
      }),
    ),
    name: optional(
      string({
        description: 'Full name of a reference, such as `refs/pull/420/head`. Wins over `tag`, `semver` and `branch`.',
      }),
    ),
    commit: optional(
      string({
        description: 'SHA-1 of a commit; wins over everything else. With `branch`, only that branch is fetched.',
      }),
    ),
  },
  { description: 'Which commit to use. The most specific field wins: `commit`, `name`, `tag`, `semver`, `branch`.' },
);

const verify: Schema<GitRepositoryVerification> = object(
  {
    mode: optional(
      oneOf(['head', 'HEAD', 'Tag', 'TagAndHEAD'], {
        default: 'HEAD',
        description:
          'What must be signed: the commit (`HEAD`; `head` means the same), the tag (`Tag`), or both (`TagAndHEAD`).',
      }),
    ),
    secretRef: described(localObjectReference, {
      description: 'Secret with the trusted public keys: PGP keyrings (`*.asc`) and SSH keys (`*.sshpub`).',
    }),
  },
  { description: 'Refuses commits and tags without a signature of a trusted key.' },
);

const include: Schema<GitRepositoryInclude> = object(
  {
    repository: described(localObjectReference, {
      description: 'GitRepository in the same namespace whose content is taken.',
    }),
    fromPath: optional(
      string({ description: 'What to copy out of the included repository; all of it when left out.' }),
    ),
    toPath: optional(
      string({ description: 'Where to put it; a folder named like the included repository when left out.' }),
    ),
  },
  { description: 'Content of one other GitRepository.' },
);

const spec: Schema<GitRepositorySpec> = object(
  {
    url: string({
      description: 'Address of the repository: `https://`, `http://` or `ssh://`.',
      pattern: '^(http|https|ssh)://.*$',
    }),
    interval: duration({ description: 'How often the remote is asked for a new revision. A little jitter is added.' }),
    timeout: optional(
      shortDuration({ default: '60s', description: 'How long one Git operation (listing, fetching) may take.' }),
    ),
    ref: optional(ref),
    secretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with credentials. For HTTP: `username` and `password`, or `bearerToken`; TLS: `tls.crt`, `tls.key`, `ca.crt`. ' +
          'For SSH: `identity`, `known_hosts`, optionally `password`.',
      }),
    ),
    provider: optional(
      oneOf(['generic', 'aws', 'azure', 'github'], {
        description:
          'How to authenticate: `generic` takes the Secret as it is, `github` takes a GitHub App from it, ' +
          '`aws` and `azure` use workload identity.',
        comesLater: allBut('generic', 'github'),
      }),
    ),
    serviceAccountName: optional(
      string({
        description: 'ServiceAccount whose workload identity is used, for the providers `aws` and `azure`.',
        comesLater: true,
      }),
    ),
    proxySecretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with the proxy: `address`, optionally `username` and `password`. Wins over the environment.',
      }),
    ),
    verify: optional(verify),
    ignore: optional(
      string({
        description:
          'Paths to leave out of the archive, one pattern a line as in `.gitignore`; ' +
          'added to the `.sourceignore` files of the repository.',
      }),
    ),
    include: optional(array(include, { description: 'Other repositories whose content is put into the archive.' })),
    recurseSubmodules: optional(boolean({ description: 'Also fetches submodules, with the same credentials.' })),
    sparseCheckout: optional(
      array(text, { description: 'Folders to check out instead of everything. Each must exist.' }),
    ),
    suspend: optional(boolean({ description: 'Stops looking for new revisions; what is stored stays available.' })),
  },
  {
    description: 'What to fetch, and how.',
    rules: [
      {
        rule: "!has(self.serviceAccountName) || (has(self.provider) && self.provider in ['aws', 'azure'])",
        message: "serviceAccountName may only be set when provider is 'aws' or 'azure'",
      },
    ],
  },
);

const status: Schema<GitRepositoryStatus> = object<GitRepositoryStatus>(
  {
    ...statusFields,
    artifact: optional(artifact),
    includedArtifacts: optional(
      array(artifact, { description: 'Archives of the included repositories, in the order of `spec.include`.' }),
    ),
    observedIgnore: optional(string({ description: 'The `spec.ignore` that the archive was made with.' })),
    observedInclude: optional(array(include, { description: 'The `spec.include` that the archive was made with.' })),
    observedRecurseSubmodules: optional(
      boolean({ description: 'The `spec.recurseSubmodules` that the archive was made with.' }),
    ),
    observedSparseCheckout: optional(
      array(text, { description: 'The `spec.sparseCheckout` that the archive was made with.' }),
    ),
    sourceVerificationMode: optional(string({ description: 'What of the stored revision was verified.' })),
  },
  { description: 'What was fetched, and how the last run ended.', default: freshStatus },
);

export const gitRepository: CustomResource<GitRepositorySpec, GitRepositoryStatus> = customResource({
  group: sourceGroup,
  version: 'v1',
  kind: 'GitRepository',
  plural: 'gitrepositories',
  shortNames: ['gitrepo'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  component: 'source-controller',
  description: 'GitRepository makes one revision of a Git repository available inside the cluster.',
  columns: [{ name: 'URL', type: 'string', jsonPath: '.spec.url' }, ageColumn, readyColumn, statusColumn],
  spec,
  status,
});
