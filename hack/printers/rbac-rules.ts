/**
 * What each controller may do, in one table. A rule is here because a call needs it; the reason stands beside it.
 * kustomize-controller is cluster-admin on top, as long as it applies with its own identity.
 */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface ClusterRole {
  readonly name: string;
  /** ServiceAccount in flux-system that gets the role; none for roles that Kubernetes aggregates. */
  readonly serviceAccount?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
}

const read = ['get', 'list', 'watch'];
/** Own kinds: watched, their finalizers and then their status patched; nothing is replaced as a whole. */
const own = [...read, 'patch'];
const writeStatus = ['patch'];

/** Kubernetes Events about objects in any namespace. */
const events: PolicyRule = { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] };

const sourceKinds = [
  'buckets',
  'externalartifacts',
  'gitrepositories',
  'helmcharts',
  'helmrepositories',
  'ocirepositories',
];
/** ExternalArtifacts are written by others. */
const fetchedKinds = sourceKinds.filter((plural) => plural !== 'externalartifacts');
/** What a Kustomization can be built from. */
const kustomizationSources = ['buckets', 'externalartifacts', 'gitrepositories', 'ocirepositories'];
const imageKinds = ['imagepolicies', 'imagerepositories', 'imageupdateautomations'];

/** Kinds of all toolkit controllers, other people's included: Alerts read their labels, Receivers annotate them. */
const eventSources: readonly PolicyRule[] = [
  { apiGroups: ['source.toolkit.fluxcd.io'], resources: sourceKinds, verbs: ['get', 'list', 'patch'] },
  { apiGroups: ['kustomize.toolkit.fluxcd.io'], resources: ['kustomizations'], verbs: ['get', 'list', 'patch'] },
  { apiGroups: ['helm.toolkit.fluxcd.io'], resources: ['helmreleases'], verbs: ['get', 'list', 'patch'] },
  { apiGroups: ['image.toolkit.fluxcd.io'], resources: imageKinds, verbs: ['get', 'list', 'patch'] },
  { apiGroups: ['source.extensions.fluxcd.io'], resources: ['artifactgenerators'], verbs: ['get', 'list', 'patch'] },
];

const toolkitGroups = [
  'helm.toolkit.fluxcd.io',
  'image.toolkit.fluxcd.io',
  'kustomize.toolkit.fluxcd.io',
  'notification.toolkit.fluxcd.io',
  'source.extensions.fluxcd.io',
  'source.toolkit.fluxcd.io',
];

export const clusterRoles: readonly ClusterRole[] = [
  {
    name: 'source-controller',
    serviceAccount: 'source-controller',
    rules: [
      { apiGroups: ['source.toolkit.fluxcd.io'], resources: fetchedKinds, verbs: own },
      {
        apiGroups: ['source.toolkit.fluxcd.io'],
        resources: fetchedKinds.map((plural) => `${plural}/status`),
        verbs: writeStatus,
      },
      // Credentials that a source names, read when it runs.
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
      // Pull secrets of the account that an OCIRepository names.
      { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get'] },
      events,
    ],
  },
  {
    name: 'crd-controller',
    serviceAccount: 'kustomize-controller',
    rules: [
      { apiGroups: ['kustomize.toolkit.fluxcd.io'], resources: ['kustomizations'], verbs: own },
      { apiGroups: ['kustomize.toolkit.fluxcd.io'], resources: ['kustomizations/status'], verbs: writeStatus },
      { apiGroups: ['source.toolkit.fluxcd.io'], resources: kustomizationSources, verbs: read },
      // Variables of postBuild.substituteFrom, watched where they carry the watch label.
      { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: read },
      // Whether the account to act for still exists, when a Kustomization is deleted.
      { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get'] },
      events,
    ],
  },
  {
    name: 'notification-controller',
    serviceAccount: 'notification-controller',
    rules: [
      { apiGroups: ['notification.toolkit.fluxcd.io'], resources: ['alerts', 'providers', 'receivers'], verbs: own },
      { apiGroups: ['notification.toolkit.fluxcd.io'], resources: ['receivers/status'], verbs: writeStatus },
      ...eventSources,
      // Tokens of Receivers, watched where they carry the watch label, and credentials of Providers.
      { apiGroups: [''], resources: ['secrets'], verbs: read },
      events,
    ],
  },
  {
    name: 'flux-edit',
    labels: {
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
    },
    rules: [
      {
        apiGroups: toolkitGroups,
        resources: ['*'],
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
      },
    ],
  },
  {
    name: 'flux-view',
    labels: {
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
      'rbac.authorization.k8s.io/aggregate-to-view': 'true',
    },
    rules: [{ apiGroups: toolkitGroups, resources: ['*'], verbs: read }],
  },
];

/** In flux-system only, for all three controllers: the Lease that elects the leader. */
export const leaderElectionRules: readonly PolicyRule[] = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'create', 'update'],
  },
];

export const controllers: readonly string[] = ['source-controller', 'kustomize-controller', 'notification-controller'];

/** Applies whatever a repository holds, so it may do everything; remove the binding where every Kustomization names an account. */
export const clusterReconcilers: readonly string[] = ['kustomize-controller'];
