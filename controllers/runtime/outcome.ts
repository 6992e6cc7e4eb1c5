import type { Condition } from '#crds';

/** A condition as a step's result states it; time and generation are filled in when status is computed. */
export type ConditionChange = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** What becomes of a run that did not fail. */
export type Outcome =
  | {
      readonly kind: 'ready';
      readonly reason: string;
      readonly message: string;
      /** Beside Ready, as ArtifactInStorage or Healthy. */
      readonly conditions?: readonly ConditionChange[];
      /** Types of normal-true conditions that no longer apply, as Healthy without health checks. */
      readonly removes?: readonly string[];
      /** Other status fields; `null` removes one. */
      readonly status?: Readonly<Record<string, unknown>>;
    }
  | {
      /** The work is done, what was asked for is not there yet: a watch wakes the object, `until` at the latest. */
      readonly kind: 'waiting';
      readonly message: string;
      readonly until: Date;
      readonly conditions?: readonly ConditionChange[];
      readonly removes?: readonly string[];
      readonly status?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'suspended' };

/** When a failed run is tried again. `specChanges` is terminal: the object is Stalled until someone edits it. */
export type Retry =
  | { readonly when: 'backoff' }
  | { readonly when: 'after'; readonly ms: number }
  | { readonly when: 'specChanges' };

export interface ReconcileErrorOptions extends ErrorOptions {
  /** Conditions that this failure sets beside Ready (and Stalled), as FetchFailed=True. */
  readonly conditions?: readonly ConditionChange[];
  readonly removes?: readonly string[];
  /** Other status fields that the failed run still establishes. */
  readonly status?: Readonly<Record<string, unknown>>;
  /**
   * Whether Reconciling=True/ProgressingWithRetry stays on the object (default true; spec A4: not for a missing
   * source, a missing artifact or an unmet dependency).
   */
  readonly keepsReconciling?: boolean;
  /** Whether a terminal error moves observedGeneration (default true; spec A4: not for AccessDenied, FeatureGateDisabled). */
  readonly observed?: boolean;
  /** How it is told: default a Warning; `normal` for a wait that is nobody's fault; `none` to log only. */
  readonly event?: 'warning' | 'normal' | 'trace' | 'none';
  /** Text of the event and the log where it differs from the condition's. */
  readonly eventMessage?: string;
  /** Reason of the event where it differs from the condition's. */
  readonly eventReason?: string;
  readonly eventMetadata?: Readonly<Record<string, string>>;
}

/** A failure that knows its condition reason and when to try again. Anything else thrown is a bug and backs off. */
export class ReconcileError extends Error {
  override readonly name = 'ReconcileError';
  readonly reason: string;
  readonly retry: Retry;
  readonly options: ReconcileErrorOptions;

  constructor(reason: string, message: string, retry: Retry, options: ReconcileErrorOptions = {}) {
    super(message, options);
    this.reason = reason;
    this.retry = retry;
    this.options = options;
  }
}
