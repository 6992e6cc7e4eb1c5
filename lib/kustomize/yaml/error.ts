/**
 * - `syntax`: not YAML (go-yaml's words), `duplicateKey`, `alias`: unknown anchor or one that contains itself,
 * - `separator`: text after a document separator, `merge`: `<<` on something that is no mapping,
 * - `value`: a scalar that cannot be what its tag says, or that JSON has no form for (`.inf`, control characters),
 * - `key`: a mapping key that is no string, `limit`: larger or deeper than the limits allow.
 */
export type YamlErrorCode = 'syntax' | 'duplicateKey' | 'alias' | 'separator' | 'merge' | 'value' | 'key' | 'limit';

/** The message is go-yaml's where go-yaml has one (`yaml: line 4: did not find expected key`). */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  readonly code: YamlErrorCode;
  /** 1-based line within the document that fails; 0 when there is none. */
  readonly line: number;
  /** As given to the reader. */
  readonly path: string | undefined;

  constructor(code: YamlErrorCode, message: string, line = 0, path?: string) {
    super(message);
    this.code = code;
    this.line = line;
    this.path = path;
  }
}
