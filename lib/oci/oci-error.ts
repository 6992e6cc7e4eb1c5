export type OciErrorCode =
  /** An address or reference that cannot be one. */
  | 'badReference'
  | 'unauthorized'
  /** No such repository, tag, manifest or blob. */
  | 'notFound'
  /** No answer in time, or none at all. */
  | 'unreachable'
  /** An answer that is none of this protocol, or an error of the registry. */
  | 'protocol'
  /** Content that has another digest than it was asked for by. */
  | 'digestMismatch'
  /** A manifest, a list or a layer beyond its bounds. */
  | 'tooLarge'
  /** No trusted signature. */
  | 'unverified';

/** A failure to read from a registry; the text is fit for a condition. */
export class OciError extends Error {
  override readonly name = 'OciError';
  readonly code: OciErrorCode;

  constructor(code: OciErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
