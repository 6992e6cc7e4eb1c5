import type { Change, ObjectId } from './contract.ts';

export interface ObjectFailure {
  readonly id: ObjectId;
  /** One line that starts with `Kind/namespace/name`. */
  readonly message: string;
}

/**
 * Why a set was not (wholly) applied: `encrypted` (a Secret is still SOPS encrypted), `dryRun` (a stage was refused and nothing
 * of it written), `apply` (a write failed after the stage was validated), `wait` (a stage did not become ready in time), `partial` (all was applied that could be).
 */
export type ApplyErrorCode = 'encrypted' | 'dryRun' | 'apply' | 'wait' | 'partial';

/** The message names every bad object, one a line, then a newline and the changes made before (spec A4: it always ends so). */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  readonly code: ApplyErrorCode;
  readonly failures: readonly ObjectFailure[];
  /** What earlier stages, and earlier objects of this one, already changed. */
  readonly changes: readonly Change[];

  constructor(
    code: ApplyErrorCode,
    message: string,
    failures: readonly ObjectFailure[],
    changes: readonly Change[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.failures = failures;
    this.changes = changes;
  }
}
