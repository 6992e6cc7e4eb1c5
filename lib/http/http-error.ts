export type HttpErrorCode =
  /** No answer: refused, reset, unknown host. */
  | 'unreachable'
  /** A certificate that nobody vouches for, or of another host. */
  | 'untrusted'
  | 'timeout'
  /** Too many redirects, or one to where nothing is to be asked. */
  | 'redirect'
  /** A body larger than its reader takes. */
  | 'tooLarge';

/** A request that got no usable answer. The text is fit for a condition: it has no credentials in it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: HttpErrorCode;

  constructor(code: HttpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
