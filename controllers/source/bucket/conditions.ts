/** Condition types of a Bucket beside Ready, Reconciling and Stalled. */
export const conditionTypes = [
  'StorageOperationFailed',
  'FetchFailed',
  'ArtifactOutdated',
  'ArtifactInStorage',
] as const;
