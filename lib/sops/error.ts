/**
 * What keeps a document from being decrypted: `malformed` (it is no SOPS document of its format), `noKey` (no key opens it),
 * `undecryptable` (a value does not fit the key or the place it stands at), `unprintable` (the result has no form in the wanted
 * format), `badKey` (a key of the user cannot be read).
 */
export type SopsErrorCode = 'malformed' | 'noKey' | 'undecryptable' | 'unprintable' | 'badKey';

/** The message names keys of the document, never a value: it ends in conditions and events. */
export class SopsError extends Error {
  override readonly name = 'SopsError';
  readonly code: SopsErrorCode;

  constructor(code: SopsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
