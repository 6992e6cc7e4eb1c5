export { kustomization } from './kustomize/kustomization.ts';
export type {
  BuildMetadata,
  CommonMetadata,
  Decryption,
  DependencyReference,
  HealthCheckExpr,
  HistoryEntry,
  IgnoreRule,
  ImageOverride,
  Inventory,
  InventoryEntry,
  KubeConfigReference,
  Kustomization,
  KustomizationSourceRef,
  KustomizationSpec,
  KustomizationStatus,
  KustomizePatch,
  PostBuild,
  SecretKeyReference,
  Selector,
  SourceKind,
  SubstituteReference,
} from './kustomize/types.ts';
export {
  type AnyCustomResource,
  asAlert,
  asBucket,
  asExternalArtifact,
  asGitRepository,
  asHelmChart,
  asHelmRepository,
  asKustomization,
  asOCIRepository,
  asProvider,
  asReceiver,
  asSource,
  type KindName,
  kinds,
  unsupportedFields,
} from './kinds.ts';
export type { Artifact } from './meta/artifact.ts';
export type { Condition } from './meta/condition.ts';
export { type Digest, type DigestAlgorithm, digestParts, parseDigest } from './meta/digest.ts';
export { formatGoDuration, formatGoDurationNs, parseGoDuration, parseGoDurationNs } from './meta/duration.ts';
export type { KubeObject, ManagedFieldsEntry, ObjectMeta, OwnerReference } from './meta/object.ts';
export type { LocalObjectReference, NamespacedObjectKindReference } from './meta/references.ts';
export type { CommonStatus } from './meta/status-fields.ts';
export {
  applyAnnotation,
  decryptSwitch,
  eventMetadata,
  eventMetadataPrefix,
  finalizer,
  forceAtAnnotation,
  forceSwitch,
  kustomizeGroup,
  modeAnnotation,
  notificationGroup,
  ownerNameLabel,
  ownerNamespaceLabel,
  pruneApprovedAnnotation,
  pruneBudgetAnnotation,
  pruneProtectedAnnotation,
  pruneSwitch,
  reconcileSwitch,
  requestedAtAnnotation,
  resetAtAnnotation,
  shardingLabel,
  sluicePrefix,
  sourceGroup,
  ssaSwitch,
  substituteSwitch,
  watchEnabled,
  watchLabel,
} from './meta/well-known.ts';
export { type Alert, type AlertSpec, alert } from './notification/alert.ts';
export { type EventSource, type EventSourceKind, eventSourceKinds } from './notification/event-source.ts';
export {
  type Provider,
  type ProviderSpec,
  type ProviderType,
  provider,
  providerTypes,
} from './notification/provider.ts';
export {
  type OidcProvider,
  type OidcValidation,
  type OidcVariable,
  type Receiver,
  type ReceiverResource,
  type ReceiverSpec,
  type ReceiverStatus,
  type ReceiverType,
  receiver,
  receiverTypes,
} from './notification/receiver.ts';
export type { CustomResource, KindInfo, PrinterColumn, Resource } from './schema/custom-resource.ts';
export type { AnySchema, CelRule, Infer, JsonSchema, OptionalSchema, Schema } from './schema/schema.ts';
export { type Bucket, type BucketSpec, type BucketStatus, type BucketSts, bucket } from './source/bucket.ts';
export {
  type ExternalArtifact,
  type ExternalArtifactSpec,
  type ExternalArtifactStatus,
  externalArtifact,
} from './source/external-artifact.ts';
export {
  type GitRepository,
  type GitRepositoryInclude,
  type GitRepositoryRef,
  type GitRepositorySpec,
  type GitRepositoryStatus,
  type GitRepositoryVerification,
  gitRepository,
} from './source/git-repository.ts';
export {
  type HelmChart,
  type HelmChartSourceRef,
  type HelmChartSpec,
  type HelmChartStatus,
  helmChart,
} from './source/helm-chart.ts';
export {
  type HelmRepository,
  type HelmRepositorySpec,
  type HelmRepositoryStatus,
  helmRepository,
} from './source/helm-repository.ts';
export {
  type OCILayerSelector,
  type OCIRepository,
  type OCIRepositoryRef,
  type OCIRepositorySpec,
  type OCIRepositoryStatus,
  ociRepository,
} from './source/oci-repository.ts';
export type { ChartVerification, OciVerification, OidcIdentityMatch } from './source/verification.ts';
