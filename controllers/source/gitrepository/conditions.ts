/** Condition types of a GitRepository beside Ready, Reconciling and Stalled. */
export const conditionTypes = [
  'StorageOperationFailed',
  'FetchFailed',
  'IncludeUnavailable',
  'ArtifactOutdated',
  'ArtifactInStorage',
  'SourceVerified',
] as const;

/** Those that say that something went wrong. */
export const failureTypes = ['StorageOperationFailed', 'FetchFailed', 'IncludeUnavailable'] as const;

export const fetchFailedReasons = [
  'AuthenticationFailed',
  'URLInvalid',
  'GitOperationFailed',
  'EmptyGitRepository',
  'InvalidProviderConfiguration',
] as const;
export type FetchFailedReason = (typeof fetchFailedReasons)[number];

export const storageFailedReasons = ['ArchiveOperationFailed', 'SourceIgnoreError', 'CopyFailure'] as const;
export type StorageFailedReason = (typeof storageFailedReasons)[number];

export const includeReasons = ['NotFound', 'NoArtifact'] as const;
export type IncludeReason = (typeof includeReasons)[number];

export const verificationReasons = [
  'VerificationError',
  'InvalidVerificationMode',
  'InvalidGitObject',
  'InvalidTagSignature',
  'InvalidCommitSignature',
] as const;
export type VerificationReason = (typeof verificationReasons)[number];
