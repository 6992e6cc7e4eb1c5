export type ArtifactErrorCode =
  /** The store has no such file (any more). */
  | 'gone'
  | 'digestMismatch'
  /** A limit on size, count or depth was passed. */
  | 'tooLarge'
  /** Not a gzip tar, or one that holds something it must not (an entry that climbs out, a device). */
  | 'badArchive'
  /** The store could not be reached, or answered an error. */
  | 'unavailable'
  /** A path that would leave the store's folder. */
  | 'badPath';

/** A failure to store, fetch or unpack an artifact; `code` says what to do next. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';
  readonly code: ArtifactErrorCode;

  constructor(code: ArtifactErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
