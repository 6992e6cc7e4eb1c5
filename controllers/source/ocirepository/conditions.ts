/** Condition types of an OCIRepository beside Ready, Reconciling and Stalled. */
export const conditionTypes = [
  'StorageOperationFailed',
  'FetchFailed',
  'ArtifactOutdated',
  'ArtifactInStorage',
  'SourceVerified',
] as const;

/** Reasons of FetchFailed. */
export type FetchFailedReason =
  | 'AuthenticationFailed'
  | 'URLInvalid'
  | 'ReadOperationFailed'
  | 'OCIArtifactPullFailed'
  | 'OCIArtifactLayerOperationFailed';
