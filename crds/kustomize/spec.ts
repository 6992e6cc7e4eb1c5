import { localObjectReference, namespacedObjectKindReference } from '../meta/references.ts';
import {
  array,
  boolean,
  described,
  duration,
  map,
  object,
  oneOf,
  optional,
  type Schema,
  string,
  text,
} from '../schema/schema.ts';
import type {
  CommonMetadata,
  Decryption,
  DependencyReference,
  HealthCheckExpr,
  IgnoreRule,
  ImageOverride,
  KubeConfigReference,
  KustomizationSourceRef,
  KustomizationSpec,
  KustomizePatch,
  PostBuild,
  SecretKeyReference,
  Selector,
  SubstituteReference,
} from './types.ts';

const sourceRef: Schema<KustomizationSourceRef> = object(
  {
    apiVersion: optional(string({ description: 'For readers only: the version is chosen by `kind`.' })),
    kind: oneOf(['OCIRepository', 'GitRepository', 'Bucket', 'ExternalArtifact'], {
      description: 'Kind of the source. `ExternalArtifact` needs the feature gate of that name.',
    }),
    name: string({ description: 'Name of the source.' }),
    namespace: optional(
      string({
        description:
          'Namespace of the source; the one of the Kustomization when left out. ' +
          'Another one is refused under `--no-cross-namespace-refs`.',
      }),
    ),
  },
  { description: 'Where the manifests come from.' },
);

const dependency: Schema<DependencyReference> = object(
  {
    name: string({ description: 'Name of the other Kustomization.' }),
    namespace: optional(string({ description: 'Its namespace; the one of this Kustomization when left out.' })),
    readyExpr: optional(
      string({
        description:
          'CEL over `self` and `dep` (both objects) that says whether the dependency is ready, in place of the built-in check.',
      }),
    ),
  },
  { description: 'A Kustomization that must be ready first.' },
);

const healthCheckExpr: Schema<HealthCheckExpr> = object(
  {
    apiVersion: string({ description: 'Group and version of the objects that the expressions are for.' }),
    kind: optional(string({ description: 'Their kind; every kind of the group when left out.' })),
    current: string({ description: 'CEL over the fields of the object: true when it is healthy.' }),
    inProgress: optional(string({ description: 'CEL: true while it is on its way. Asked first.' })),
    failed: optional(string({ description: 'CEL: true when it has failed. Asked second.' })),
  },
  { description: 'How to judge the health of custom resources.' },
);

const selector: Schema<Selector> = object(
  {
    group: optional(string({ description: 'Regular expression on the API group.' })),
    version: optional(string({ description: 'Regular expression on the API version.' })),
    kind: optional(string({ description: 'Regular expression on the kind.' })),
    name: optional(string({ description: 'Regular expression on the name.' })),
    namespace: optional(string({ description: 'Regular expression on the namespace.' })),
    annotationSelector: optional(string({ description: 'Kubernetes selector on the annotations.' })),
    labelSelector: optional(string({ description: 'Kubernetes selector on the labels.' })),
  },
  { description: 'Which objects; every part that is set must match. Regular expressions match the whole text.' },
);

const patch: Schema<KustomizePatch> = object(
  {
    patch: string({ description: 'A strategic merge patch or a JSON 6902 patch, as YAML.' }),
    target: optional(
      described(selector, {
        description: 'Which objects to patch; for a merge patch, the one it names when left out.',
      }),
    ),
  },
  { description: 'One patch.' },
);

const image: Schema<ImageOverride> = object(
  {
    name: string({ description: 'Image name in the manifests, without its tag.' }),
    newName: optional(string({ description: 'What to call it instead.' })),
    newTag: optional(string({ description: 'Which tag to use instead.' })),
    digest: optional(string({ description: 'Which digest to use instead; wins over `newTag`.' })),
  },
  { description: 'One image to change.' },
);

const commonMetadata: Schema<CommonMetadata> = object(
  {
    labels: optional(map(text, { description: 'Labels for every object.' })),
    annotations: optional(map(text, { description: 'Annotations for every object.' })),
  },
  { description: 'Labels and annotations put on every object after the build; they win over those of the manifests.' },
);

const substituteReference: Schema<SubstituteReference> = object(
  {
    kind: oneOf(['Secret', 'ConfigMap'], { description: 'Where the variables are.' }),
    name: string({ description: 'Its name, in the namespace of the Kustomization.', minLength: 1, maxLength: 253 }),
    optional: optional(boolean({ description: 'Does not fail when it is missing.', default: false })),
  },
  { description: 'A Secret or ConfigMap whose every key is a variable.' },
);

const postBuild: Schema<PostBuild> = object(
  {
    substitute: optional(map(text, { description: 'Variables and their values; they win over `substituteFrom`.' })),
    substituteFrom: optional(
      array(substituteReference, {
        description: 'Where more variables come from; later entries win over earlier ones.',
      }),
    ),
    substituteStrategy: optional(
      oneOf(['WithVariables', 'Always'], {
        description: 'Whether `${var}` is looked for only if there are variables (the default), or always.',
      }),
    ),
  },
  { description: 'Replaces `${var}` in the built manifests.' },
);

const decryption: Schema<Decryption> = object(
  {
    provider: oneOf(['sops'], { description: 'Format of the encrypted files.' }),
    secretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with the keys: `*.agekey`, `*.asc`, `sops.vault-token`, `sops.aws-kms`, `sops.azure-kv`, `sops.gcp-kms`.',
      }),
    ),
    serviceAccountName: optional(
      string({ description: 'ServiceAccount whose workload identity opens cloud keys.', comesLater: true }),
    ),
  },
  { description: 'Opens manifests and Secrets that are encrypted with SOPS.' },
);

const secretKeyReference: Schema<SecretKeyReference> = object(
  {
    name: string({ description: 'Name of the Secret, in the namespace of the Kustomization.' }),
    key: optional(string({ description: 'Key in it; `value`, then `value.yaml`, when left out.' })),
  },
  { description: 'Secret that holds a kubeconfig.' },
);

const oneKubeConfig = 'exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified';

const kubeConfig: Schema<KubeConfigReference> = object(
  {
    secretRef: optional(secretKeyReference),
    configMapRef: optional(
      described(localObjectReference, {
        description:
          'ConfigMap for access by workload identity: `provider`, `cluster`, `address`, `ca.crt`, `audiences`, `serviceAccountName`.',
        comesLater: true,
      }),
    ),
  },
  {
    description: 'Another cluster to apply to.',
    rules: [
      { rule: 'has(self.configMapRef) || has(self.secretRef)', message: oneKubeConfig },
      { rule: '!has(self.configMapRef) || !has(self.secretRef)', message: oneKubeConfig },
    ],
  },
);

const ignoreRule: Schema<IgnoreRule> = object(
  {
    paths: array(text, { description: 'JSON pointers (RFC 6901) to the fields.' }),
    target: optional(described(selector, { description: 'In which objects; in all when left out.' })),
  },
  { description: 'Fields that others may change.' },
);

export const spec: Schema<KustomizationSpec> = object(
  {
    interval: duration({ description: 'How often everything is checked and repaired. A little jitter is added.' }),
    retryInterval: optional(duration({ description: 'Wait after a failed run; `interval` when left out.' })),
    timeout: optional(
      duration({ description: 'How long a run may take, health checks included; `interval` minus 30s when left out.' }),
    ),
    suspend: optional(boolean({ description: 'Stops all work, the removal of objects on delete included.' })),
    sourceRef,
    path: optional(string({ description: 'Folder of the source to build; its root when left out.' })),
    prune: boolean({ description: 'Deletes objects that have left the source.' }),
    deletionPolicy: optional(
      oneOf(['MirrorPrune', 'Delete', 'WaitForTermination', 'Orphan'], {
        description:
          'What becomes of the objects when the Kustomization is deleted: as `prune` says (`MirrorPrune`, the default), ' +
          'deleted, deleted and waited for, or left alone.',
      }),
    ),
    force: optional(
      boolean({ description: 'Deletes and creates anew objects whose immutable fields changed.', default: false }),
    ),
    wait: optional(boolean({ description: 'Waits until every applied object is healthy; `healthChecks` is ignored.' })),
    healthChecks: optional(
      array(namespacedObjectKindReference, { description: 'Objects that must be healthy for the run to succeed.' }),
    ),
    healthCheckExprs: optional(
      array(healthCheckExpr, {
        description: 'How to judge the health of kinds that do not follow the usual conventions.',
      }),
    ),
    dependsOn: optional(array(dependency, { description: 'Kustomizations that must be ready before this one runs.' })),
    components: optional(
      array(text, { description: 'Kustomize components to add: paths relative to `path`, inside the source.' }),
    ),
    ignoreMissingComponents: optional(boolean({ description: 'Leaves out components whose folder does not exist.' })),
    patches: optional(array(patch, { description: 'Patches, applied after those of the kustomization file.' })),
    images: optional(array(image, { description: 'Image names, tags and digests to change.' })),
    namePrefix: optional(string({ description: 'Put before the name of every object.', minLength: 1, maxLength: 200 })),
    nameSuffix: optional(string({ description: 'Put behind the name of every object.', minLength: 1, maxLength: 200 })),
    targetNamespace: optional(
      string({ description: 'Namespace of every namespaced object.', minLength: 1, maxLength: 63 }),
    ),
    commonMetadata: optional(commonMetadata),
    buildMetadata: optional(
      array(oneOf(['originAnnotations', 'transformerAnnotations'], { description: 'A kind of annotation.' }), {
        description: 'Annotations that say where an object came from and what changed it.',
      }),
    ),
    postBuild: optional(postBuild),
    decryption: optional(decryption),
    serviceAccountName: optional(
      string({
        description: 'ServiceAccount in this namespace on whose behalf everything is applied.',
      }),
    ),
    kubeConfig: optional(kubeConfig),
    ignore: optional(array(ignoreRule, { description: 'Fields whose drift is not repaired.' })),
  },
  { description: 'What to build, and how to apply it.' },
);
