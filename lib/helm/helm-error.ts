export type HelmErrorCode =
  | 'badIndex'
  /** Not a chart, or one that holds something it must not. */
  | 'badChart'
  | 'tooLarge'
  /** No such chart or version. */
  | 'notFound'
  /** Values files that are missing or no YAML maps. */
  | 'badValues';

/** What is wrong with an index or a chart; the text is fit for a condition. */
export class HelmError extends Error {
  override readonly name = 'HelmError';
  readonly code: HelmErrorCode;

  constructor(code: HelmErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
