export type GitErrorCode =
  /** Credentials are missing or wrong (401). */
  | 'authenticationRequired'
  /** The credentials are right, but not enough (403). */
  | 'authorizationFailed'
  | 'repositoryNotFound'
  | 'emptyRepository'
  | 'refNotFound'
  /** The remote does not have the commit, or does not give it. */
  | 'objectNotFound'
  /** No tag is in the semver range, or the range does not parse. */
  | 'noMatch'
  /** No connection, TLS that cannot be trusted, or one that broke. */
  | 'unreachable'
  | 'timeout'
  /** The remote does not speak Git, or breaks its rules. */
  | 'protocol'
  /** A pack that is damaged, or a tree that no file system should see. */
  | 'badPack'
  | 'tooLarge';

/** A failure to read a Git repository. The text is fit for a condition: it holds no credentials. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly code: GitErrorCode;

  constructor(code: GitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
