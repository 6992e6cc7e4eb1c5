import type { KubeObject } from '#crds';
import type { Logger } from 'pino';
import { changeConditions, findCondition } from './conditions.ts';
import type { EventDraft, Run } from './contract.ts';
import type { ConditionChange } from './outcome.ts';
import type { CommonStatus } from './status.ts';
import type { StatusWriter } from './status-writer.ts';

/** Phases that end sooner are not written one by one (design section 5). */
export const phaseWriteDelayMs = 500;

/** One look at one object: what the steps report is gathered here and written when it tells something. */
export class ReconcileRun<T extends KubeObject> implements Run<T> {
  readonly object: T;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly startedAt: Date = new Date();
  readonly events: EventDraft[] = [];
  /** Message of the phase that was reached. */
  phase: string | undefined;
  readonly #writer: StatusWriter;
  readonly #startedMs = performance.now();
  #pending: readonly ConditionChange[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(object: T, signal: AbortSignal, log: Logger, writer: StatusWriter) {
    this.object = object;
    this.signal = signal;
    this.log = log;
    this.#writer = writer;
  }

  now(): Date {
    return new Date();
  }

  elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  async step<R>(name: string, work: () => Promise<R> | R): Promise<R> {
    this.signal.throwIfAborted();
    const from = performance.now();
    try {
      return await work();
    } finally {
      if (this.log.isLevelEnabled('debug'))
        this.log.debug({ step: name, ms: Math.round(performance.now() - from) }, 'step ended');
    }
  }

  progress(message: string, conditions: readonly ConditionChange[] = []): void {
    this.phase = message;
    const ready = findCondition(this.#writer.object.status?.conditions, 'Ready');
    const readyUnknown = ready === undefined || ready.status === 'Unknown';
    this.#pending = [
      { type: 'Reconciling', status: 'True', reason: 'Progressing', message },
      ...(readyUnknown ? [{ type: 'Ready', status: 'Unknown', reason: 'Progressing', message } as const] : []),
      ...conditions,
    ];
    this.#timer ??= setTimeout(() => this.#writePhase(), phaseWriteDelayMs);
  }

  async record(status: Readonly<Record<string, unknown>>): Promise<void> {
    this.#stopTimer();
    await this.#writer.write((object) => ({ ...this.#withPending(object), ...status }));
  }

  event(draft: EventDraft): void {
    this.events.push(draft);
  }

  /** Ends the reporting of phases; resolves when no write is under way any more. */
  async close(): Promise<void> {
    this.#stopTimer();
    this.#pending = [];
    await this.#writer.settled();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #writePhase(): void {
    this.#timer = undefined;
    // A phase that cannot be written is not worth failing the run; the end of the run is written with retries.
    this.#writer
      .write((object) => this.#withPending(object))
      .catch((error: unknown) => {
        this.log.debug({ error }, 'cannot write the phase of a run');
      });
  }

  #withPending(object: KubeObject & { readonly status?: CommonStatus }): CommonStatus {
    const status = object.status ?? {};
    if (this.#pending.length === 0) return status;
    const generation = object.metadata.generation ?? 0;
    return {
      ...status,
      conditions: changeConditions(status.conditions ?? [], this.#pending, new Set(), generation, this.now()),
    };
  }
}
