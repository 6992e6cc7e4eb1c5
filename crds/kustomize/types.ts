import type { LocalObjectReference, NamespacedObjectKindReference } from '../meta/references.ts';
import type { CommonStatus } from '../meta/status-fields.ts';
import type { Resource } from '../schema/custom-resource.ts';

export type Kustomization = Resource<
  'kustomize.toolkit.fluxcd.io/v1',
  'Kustomization',
  KustomizationSpec,
  KustomizationStatus
>;

/** Durations are Go text; `parseGoDuration` reads them. */
export interface KustomizationSpec {
  readonly interval: string;
  readonly retryInterval?: string;
  readonly timeout?: string;
  readonly suspend?: boolean;
  readonly sourceRef: KustomizationSourceRef;
  readonly path?: string;
  readonly prune: boolean;
  readonly deletionPolicy?: 'MirrorPrune' | 'Delete' | 'WaitForTermination' | 'Orphan';
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly healthChecks?: readonly NamespacedObjectKindReference[];
  readonly healthCheckExprs?: readonly HealthCheckExpr[];
  readonly dependsOn?: readonly DependencyReference[];
  readonly components?: readonly string[];
  readonly ignoreMissingComponents?: boolean;
  readonly patches?: readonly KustomizePatch[];
  readonly images?: readonly ImageOverride[];
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly targetNamespace?: string;
  readonly commonMetadata?: CommonMetadata;
  readonly buildMetadata?: readonly BuildMetadata[];
  readonly postBuild?: PostBuild;
  readonly decryption?: Decryption;
  readonly serviceAccountName?: string;
  readonly kubeConfig?: KubeConfigReference;
  readonly ignore?: readonly IgnoreRule[];
}

export type SourceKind = 'OCIRepository' | 'GitRepository' | 'Bucket' | 'ExternalArtifact';

export interface KustomizationSourceRef {
  readonly apiVersion?: string;
  readonly kind: SourceKind;
  readonly name: string;
  readonly namespace?: string;
}

export interface DependencyReference {
  readonly name: string;
  readonly namespace?: string;
  readonly readyExpr?: string;
}

export interface HealthCheckExpr {
  readonly apiVersion: string;
  readonly kind?: string;
  readonly current: string;
  readonly inProgress?: string;
  readonly failed?: string;
}

/** Chooses objects by anchored regular expressions and Kubernetes selectors; what is left out matches everything. */
export interface Selector {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly annotationSelector?: string;
  readonly labelSelector?: string;
}

export interface KustomizePatch {
  readonly patch: string;
  readonly target?: Selector;
}

export interface ImageOverride {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
}

export interface CommonMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export type BuildMetadata = 'originAnnotations' | 'transformerAnnotations';

export interface PostBuild {
  readonly substitute?: Readonly<Record<string, string>>;
  readonly substituteFrom?: readonly SubstituteReference[];
  readonly substituteStrategy?: 'WithVariables' | 'Always';
}

export interface SubstituteReference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly optional?: boolean;
}

export interface Decryption {
  readonly provider: 'sops';
  readonly secretRef?: LocalObjectReference;
  readonly serviceAccountName?: string;
}

export interface KubeConfigReference {
  readonly secretRef?: SecretKeyReference;
  readonly configMapRef?: LocalObjectReference;
}

export interface SecretKeyReference {
  readonly name: string;
  readonly key?: string;
}

export interface IgnoreRule {
  readonly paths: readonly string[];
  readonly target?: Selector;
}

export interface KustomizationStatus extends CommonStatus {
  readonly lastAttemptedRevision?: string;
  readonly lastAppliedRevision?: string;
  readonly lastAppliedOriginRevision?: string;
  readonly inventory?: Inventory;
  readonly history?: readonly HistoryEntry[];
}

export interface Inventory {
  readonly entries: readonly InventoryEntry[];
}

export interface InventoryEntry {
  /** `<namespace>_<name>_<group>_<kind>`. */
  readonly id: string;
  /** API version without its group. */
  readonly v: string;
}

export interface HistoryEntry {
  readonly digest: string;
  readonly firstReconciled: string;
  readonly lastReconciled: string;
  /** Go duration text. */
  readonly lastReconciledDuration: string;
  readonly lastReconciledStatus: string;
  readonly totalReconciliations: number;
  readonly metadata?: Readonly<Record<string, string>>;
}
