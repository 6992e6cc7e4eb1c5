/** Condition types of a HelmChart beside Ready, Reconciling and Stalled. */
export const conditionTypes = [
  'StorageOperationFailed',
  'FetchFailed',
  'BuildFailed',
  'ArtifactOutdated',
  'ArtifactInStorage',
  'SourceVerified',
] as const;
