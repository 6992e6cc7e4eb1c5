import type { Artifact, Condition } from '#crds';
import { type ConditionChange, ReconcileError, type Retry, type Run } from '#runtime';
import type { StoringObject } from './check-storage.ts';

interface FailureOptions {
  readonly cause?: unknown;
  readonly retry?: Retry;
  readonly conditions?: readonly ConditionChange[];
}

/** One run of a source, with what it has found in the store and what is known of it so far. */
export class SourceAttempt<T extends StoringObject> {
  readonly object: T;
  readonly run: Run<T>;
  /** What the store really holds of what status says. */
  readonly artifact: Artifact | undefined;
  #known: readonly ConditionChange[] = [];

  constructor(run: Run<T>, artifact: Artifact | undefined) {
    this.object = run.object;
    this.run = run;
    this.artifact = artifact;
  }

  get namespace(): string {
    return this.object.metadata.namespace ?? '';
  }

  /** Conditions that hold however the run ends. */
  get known(): readonly ConditionChange[] {
    return this.#known;
  }

  /** Adds a condition that a later failure does not take back. */
  establish(condition: ConditionChange): void {
    this.#known = [...this.#known.filter(({ type }) => type !== condition.type), condition];
  }

  /** Tells that there is something new to store; consumers keep the old artifact meanwhile. */
  announce(reason: string, message: string): void {
    if (this.artifact !== undefined) this.establish({ type: 'ArtifactOutdated', status: 'True', reason, message });
    this.run.progress(`building artifact: ${message}`, this.#known);
  }

  /** A failure as its condition: `type` is one of those that are there only while they are true. */
  failed(type: FailureType, reason: string, message: string, options: FailureOptions = {}): ReconcileError {
    const { cause, retry = { when: 'backoff' }, conditions = [] } = options;
    const failure: ConditionChange = { type, status: 'True', reason, message };
    return this.refused(reason, message, { cause, retry, conditions: [failure, ...conditions] });
  }

  /** A failure that brings its own conditions. */
  refused(reason: string, message: string, options: FailureOptions): ReconcileError {
    const { cause, retry = { when: 'backoff' }, conditions = [] } = options;
    return new ReconcileError(reason, message, retry, {
      cause,
      conditions: [...conditions, ...this.#known],
      removes: this.artifact === undefined ? ['ArtifactInStorage'] : [],
    });
  }
}

export type FailureType = 'FetchFailed' | 'BuildFailed' | 'StorageOperationFailed';

const failureTypes: readonly string[] = [
  'FetchFailed',
  'BuildFailed',
  'StorageOperationFailed',
] satisfies FailureType[];

/** Whether the run before this one had failed: a success is worth an event then. */
export function hadFailed({ status }: { readonly status?: { readonly conditions?: readonly Condition[] } }): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.status === 'True' && failureTypes.includes(condition.type),
  );
}
