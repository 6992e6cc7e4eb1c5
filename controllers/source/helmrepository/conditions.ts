/** Condition types of a HelmRepository beside Ready, Reconciling and Stalled. */
export const conditionTypes = [
  'StorageOperationFailed',
  'FetchFailed',
  'ArtifactOutdated',
  'ArtifactInStorage',
] as const;
