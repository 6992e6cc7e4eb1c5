import { type Artifact, formatGoDuration, type Inventory, type Kustomization } from '#crds';
import { ReconcileError, type ReconcileErrorOptions, type Run } from '#runtime';
import type { Access } from '../access/clusters.ts';
import { keyOf } from './dependency-order.ts';
import { originRevisionOf, revisionMetadata } from './event-metadata.ts';
import { type Ending, withEnding } from './history.ts';
import type { HealthWait } from './health-waits.ts';
import type { Manifests } from './read-objects.ts';
import { retryIntervalMs, timeoutMs } from './timing.ts';

/** One run that has an artifact to work with: what it has established so far, and how its failures are put into words. */
export class Attempt {
  readonly kustomization: Kustomization;
  readonly run: Run<Kustomization>;
  readonly artifact: Artifact;
  readonly key: string;
  readonly timeoutMs: number;
  /** Of events and history entries. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Status fields that hold even if a later step fails. */
  #established: Readonly<Record<string, unknown>> = {};
  manifests: Manifests | undefined;
  wait: HealthWait | undefined;
  #access: Access | undefined;

  constructor(kustomization: Kustomization, run: Run<Kustomization>, artifact: Artifact) {
    this.kustomization = kustomization;
    this.run = run;
    this.artifact = artifact;
    this.key = keyOf(kustomization);
    this.timeoutMs = timeoutMs(kustomization.spec);
    this.metadata = revisionMetadata(artifact);
  }

  get revision(): string {
    return this.artifact.revision;
  }

  /** The cluster, as whom the spec names. */
  get access(): Access {
    if (this.#access === undefined) throw new Error('cannot use the cluster: it has not been opened');
    return this.#access;
  }

  set access(access: Access) {
    this.#access = access;
  }

  get established(): Readonly<Record<string, unknown>> {
    return this.#established;
  }

  establish(status: { readonly lastAttemptedRevision: string } | { readonly inventory: Inventory }): void {
    this.#established = { ...this.#established, ...status };
  }

  /** `<doing> revision R with a timeout of D`. */
  progress(doing: string): void {
    this.run.progress(this.phase(doing));
  }

  phase(doing: string): string {
    return `${doing} revision ${this.revision} with a timeout of ${formatGoDuration(this.timeoutMs)}`;
  }

  /** Reported while Ready is in progress, hence the reason. */
  tell(message: string): void {
    this.run.event({ type: 'Normal', reason: 'Progressing', message, metadata: this.metadata });
  }

  /** Since the first of the runs that this one goes on with, in milliseconds. */
  elapsedMs(): number {
    return this.wait === undefined ? this.run.elapsedMs() : performance.now() - this.wait.startedAt;
  }

  /** A failure that is tried again after exactly the retry interval. */
  failed(reason: string, error: unknown, options: ReconcileErrorOptions = {}): ReconcileError {
    const mask = (text: string): string => this.manifests?.mask?.(text) ?? text;
    const message = mask(error instanceof Error ? error.message : String(error));
    const retry = { when: 'after', ms: retryIntervalMs(this.kustomization.spec) } as const;
    const { eventMessage } = options;
    return new ReconcileError(reason, message, retry, {
      cause: error,
      eventMetadata: this.metadata,
      ...options,
      ...(eventMessage !== undefined && { eventMessage: mask(eventMessage) }),
    });
  }

  /** The status fields of a run that ended like this. */
  statusAfter(status: Ending['status'] | undefined): Readonly<Record<string, unknown>> {
    if (this.manifests === undefined || status === undefined) return this.#established;
    const ending = {
      digest: this.manifests.digest,
      status,
      durationMs: Math.round(this.elapsedMs() * 1000) / 1000,
      metadata: this.metadata,
    };
    const history = withEnding(this.kustomization.status?.history ?? [], ending, this.run.now());
    return { ...this.#established, history };
  }

  successStatus(): Readonly<Record<string, unknown>> {
    return {
      ...this.statusAfter('ReconciliationSucceeded'),
      lastAppliedRevision: this.revision,
      lastAppliedOriginRevision: originRevisionOf(this.artifact) ?? null,
    };
  }
}

const recordedFailures = ['ReconciliationFailed', 'PruneFailed', 'HealthCheckFailed'] as const;

/** The error with what the run had established before it. */
export function withStatus(error: unknown, attempt: Attempt): unknown {
  if (!(error instanceof ReconcileError)) return error;
  const recorded = recordedFailures.find((reason) => reason === error.reason);
  const status = { ...attempt.statusAfter(recorded), ...error.options.status };
  return new ReconcileError(error.reason, error.message, error.retry, { ...error.options, status });
}
