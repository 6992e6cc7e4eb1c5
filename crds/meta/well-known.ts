/** Keys of annotations, labels and finalizers that are part of the API. Values noted behind a key are the ones that mean something. */

/** Annotation; any change of its value asks for a run. The value is opaque and is copied to `status.lastHandledReconcileAt`. */
export const requestedAtAnnotation = 'reconcile.fluxcd.io/requestedAt';
/** Annotation; equal to requestedAt it asks for a forced run (HelmRelease and image kinds only). */
export const forceAtAnnotation = 'reconcile.fluxcd.io/forceAt';
/** Annotation; equal to requestedAt it resets the failure counters (HelmRelease only). */
export const resetAtAnnotation = 'reconcile.fluxcd.io/resetAt';
/** Label on Secrets and ConfigMaps: `Enabled` makes their users react at once. */
export const watchLabel = 'reconcile.fluxcd.io/watch';
export const watchEnabled = 'Enabled';
/** Prefix of annotations on our objects that are copied into the metadata of every event. */
export const eventMetadataPrefix = 'event.toolkit.fluxcd.io/';
/** Label that assigns an object to a shard. */
export const shardingLabel = 'sharding.fluxcd.io/key';
/** On everything that needs cleaning up. It has no slash: the API server warns about it, and accepts it. */
export const finalizer = 'finalizers.fluxcd.io';

export const sourceGroup = 'source.toolkit.fluxcd.io';
export const kustomizeGroup = 'kustomize.toolkit.fluxcd.io';
export const notificationGroup = 'notification.toolkit.fluxcd.io';

/** Labels on applied objects that name the Kustomization which owns them. */
export const ownerNameLabel = 'kustomize.toolkit.fluxcd.io/name';
export const ownerNamespaceLabel = 'kustomize.toolkit.fluxcd.io/namespace';

/** Switches on applied objects: label or annotation. */
export const reconcileSwitch = 'kustomize.toolkit.fluxcd.io/reconcile'; // disabled
export const ssaSwitch = 'kustomize.toolkit.fluxcd.io/ssa'; // Merge, IfNotPresent, Ignore, Override
export const pruneSwitch = 'kustomize.toolkit.fluxcd.io/prune'; // disabled
export const forceSwitch = 'kustomize.toolkit.fluxcd.io/force'; // enabled
export const substituteSwitch = 'kustomize.toolkit.fluxcd.io/substitute'; // disabled
export const decryptSwitch = 'kustomize.toolkit.fluxcd.io/decrypt'; // disabled

/** Suffixes of event metadata keys; the full key is `<object's API group>/<suffix>`. */
export const eventMetadata = {
  revision: 'revision',
  originRevision: 'originRevision',
  digest: 'digest',
  checksum: 'checksum',
  token: 'token',
  commit: 'commit',
  commitStatus: 'commit_status',
  changeRequest: 'change_request',
} as const;

/** Prefix of the annotations that switch on what Flux does not have. */
export const sluicePrefix = 'sluice.dev/';

/** `observe`: a Kustomization that compares and reports, and writes nothing. */
export const modeAnnotation: string = `${sluicePrefix}mode`;

/** `partial`: objects that are refused hold up only what depends on them. */
export const applyAnnotation: string = `${sluicePrefix}apply`;

/** Most objects that one run may delete: a number, or a share of the inventory as `20%`. */
export const pruneBudgetAnnotation: string = `${sluicePrefix}prune-budget`;

/** `false`: namespaces, volume claims and definitions count as any other object against the budget. */
export const pruneProtectedAnnotation: string = `${sluicePrefix}prune-protected`;

/** Digest of a set of objects whose deletion somebody has approved. */
export const pruneApprovedAnnotation: string = `${sluicePrefix}prune-approved`;
