/** What went wrong, as far as a caller may want to tell cases apart. */
export type KustomizeErrorCode =
  | 'fileMissing'
  | 'restricted'
  | 'cycle'
  | 'remote'
  | 'malformedYaml'
  | 'invalidKustomization'
  | 'invalidResource'
  | 'conflict'
  | 'patchFailed'
  | 'generatorFailed'
  | 'transformerFailed'
  | 'referenceFailed'
  | 'unsupported';

/**
 * A build that cannot be done. The message carries the words of `kustomize build` where it has some (people and tools look
 * for them), `path` and `line` say where the user has to look.
 */
export class KustomizeError extends Error {
  override readonly name = 'KustomizeError';
  readonly code: KustomizeErrorCode;
  readonly path: string | undefined;
  readonly line: number | undefined;

  constructor(
    code: KustomizeErrorCode,
    message: string,
    where: { path?: string; line?: number; cause?: unknown } = {},
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.code = code;
    this.path = where.path;
    this.line = where.line;
  }

  /** The same failure seen from one step further out: kustomize nests its messages as `outer: inner`. */
  wrap(outer: string): KustomizeError {
    return this.reworded(`${outer}: ${this.message}`);
  }

  reworded(message: string): KustomizeError {
    return new KustomizeError(this.code, message, {
      ...(this.path === undefined ? {} : { path: this.path }),
      ...(this.line === undefined ? {} : { line: this.line }),
      cause: this.cause,
    });
  }
}

/** Runs `work` and prefixes the message of a KustomizeError that it throws. Other errors are bugs and pass as they are. */
export function within<T>(outer: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof KustomizeError ? error.wrap(outer) : error;
  }
}
