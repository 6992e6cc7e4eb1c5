import { eventMetadataPrefix, type KubeObject } from '#crds';
import { isNotFound, KubeApiError, type KubeClient, KubeConnectionError, parseApiVersion, type Resource } from '#kube';
import { sleep } from '#concurrency';
import { Agent, type Dispatcher, request } from 'undici';
import type { EventDraft } from './contract.ts';
import { EventCorrelator, type EventRecord, secondsOf } from './event-correlator.ts';
import { EventOutbox } from './event-outbox.ts';

export interface EventRecorder {
  /** Writes the event in the background; never throws and never waits. */
  record(object: KubeObject, draft: EventDraft): void;
  /** Delivers what waits, for some seconds at most, and ends. */
  close(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** `kustomize-controller`: source and reporter of the events. */
  readonly component: string;
  /** Where notification-controller listens; absent or empty: events stay in the cluster. */
  readonly eventsAddr?: string | undefined;
  readonly hostname: string;
  readonly log: EventLog;
  /** For tests: how events are posted and paced. */
  readonly http?: EventPosting | undefined;
  readonly now?: (() => Date) | undefined;
  /** Longest time that `close` waits, in milliseconds (default 5,000). */
  readonly flushMs?: number | undefined;
}

export interface EventLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface EventPosting {
  readonly dispatcher?: Dispatcher | undefined;
  /** Wait before the first retry in milliseconds; doubled each time (default 1,000). */
  readonly retryMs?: number | undefined;
  /** Bound of one attempt in milliseconds (default 5,000). */
  readonly timeoutMs?: number | undefined;
}

const events: Resource = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
const mostWaiting = 2_000;
const postRetries = 4;
const longestPostRetryMs = 30_000;
/** A Kubernetes event that finds no API server is tried again for two minutes, as client-go does. */
const writeRetries = 12;
const writeRetryMs = 10_000;
const longestName = 253;

/** Tells events to the API server (as core/v1 Events, correlated) and to notification-controller (every one). */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #now: () => Date;
  readonly #correlator = new EventCorrelator<{ readonly name: string }>();
  readonly #writes = new EventOutbox(mostWaiting, 8);
  readonly #posts = new EventOutbox(mostWaiting, 16);
  readonly #agent: Dispatcher;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#now = options.now ?? ((): Date => new Date());
    this.#agent = options.http?.dispatcher ?? new Agent({ connections: 16, allowH2: false, keepAliveTimeout: 30_000 });
  }

  record(object: KubeObject, draft: EventDraft): void {
    const now = this.#now();
    const key = `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    this.#queueWrite(key, object, draft, now);
    const { eventsAddr } = this.#options;
    if (eventsAddr === undefined || eventsAddr === '' || draft.type === 'Trace') return;
    const body = JSON.stringify(eventBody(object, draft, this.#options, now));
    if (!this.#posts.add(key, (signal) => this.#post(eventsAddr, body, signal))) this.#refused(object, draft);
  }

  async close(): Promise<void> {
    const flushMs = this.#options.flushMs ?? 5_000;
    await Promise.all([this.#writes.close(flushMs), this.#posts.close(flushMs)]);
    if (this.#options.http?.dispatcher === undefined) await this.#agent.destroy();
  }

  #queueWrite(key: string, object: KubeObject, draft: EventDraft, now: Date): void {
    const { kind, apiVersion, metadata } = object;
    const { type, reason, message } = draft;
    const correlation = this.#correlator.correlate(
      {
        source: this.#options.component,
        object: JSON.stringify([apiVersion, kind, metadata.namespace, metadata.name, metadata.uid]),
        type,
        reason,
        message,
      },
      now,
    );
    if (correlation.kind === 'drop') {
      this.#options.log.debug(
        { kind, name: metadata.name, namespace: metadata.namespace, reason },
        'too many events, dropped',
      );
      return;
    }
    const event = kubernetesEvent(object, { ...draft, message: correlation.message }, this.#options.component, now);
    const { record, count } = correlation;
    const counted = { ...event, count, firstTimestamp: record.firstTimestamp };
    if (!this.#writes.add(key, (signal) => this.#write(counted, count, record, signal))) this.#refused(object, draft);
  }

  async #write(
    event: KubeObject,
    count: number,
    record: EventRecord<{ readonly name: string }>,
    signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        if (record.written === undefined || !(await this.#bump(event, count, record.written.name, signal))) {
          await this.#options.client.create(events, event, { signal, fieldManager: this.#options.component });
          record.written = { name: event.metadata.name };
        }
        return;
      } catch (error) {
        const isWorthRetrying = error instanceof KubeConnectionError && attempt < writeRetries && !signal.aborted;
        if (!isWorthRetrying) {
          // 403 in a namespace that is being deleted is the usual case; the run itself has been logged.
          this.#options.log.debug({ error, event: event.metadata.name }, 'cannot write an event');
          if (!(error instanceof KubeApiError))
            this.#options.log.error({ error }, 'unable to write a Kubernetes event');
          return;
        }
        await sleep(writeRetryMs, signal).catch(() => {}); // closing: one last attempt, which fails at once
      }
    }
  }

  /** Counts an event that was written before. @returns false when the API server has forgotten it (an hour later) */
  async #bump(event: KubeObject, count: number, name: string, signal: AbortSignal): Promise<boolean> {
    const { lastTimestamp, message, metadata } = event;
    try {
      const key = { namespace: metadata.namespace, name };
      const patch = { count, lastTimestamp, message, metadata: { annotations: metadata.annotations } };
      await this.#options.client.patch(events, key, patch, {
        type: 'strategic',
        signal,
        fieldManager: this.#options.component,
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #post(address: string, body: string, signal: AbortSignal): Promise<void> {
    const retryMs = this.#options.http?.retryMs ?? 1_000;
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#postOnce(address, body, signal);
      if (failure === undefined) return;
      if (!failure.isTransient || attempt >= postRetries || signal.aborted) {
        this.#options.log.error({ error: failure.text }, 'unable to record event');
        return;
      }
      await sleep(Math.min(longestPostRetryMs, retryMs * 2 ** attempt), signal).catch(() => {}); // closing: one last attempt
    }
  }

  /** @returns undefined when the event was taken; 429 says that it is a duplicate of one that was */
  async #postOnce(
    address: string,
    body: string,
    signal: AbortSignal,
  ): Promise<{ readonly isTransient: boolean; readonly text: string } | undefined> {
    const timeout = AbortSignal.timeout(this.#options.http?.timeoutMs ?? 5_000);
    try {
      const { statusCode, body: answer } = await request(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': this.#options.component },
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.any([timeout, signal]),
      });
      await answer.dump();
      if (statusCode < 300 || statusCode === 429) return undefined;
      const isTransient = statusCode >= 500 && statusCode !== 501;
      return { isTransient, text: `cannot post an event to ${address}: the server answered ${statusCode}` };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { isTransient: true, text: `cannot post an event to ${address}: ${why}` };
    }
  }

  #refused({ kind, metadata }: KubeObject, { reason }: EventDraft): void {
    const { name, namespace } = metadata;
    this.#options.log.error({ kind, name, namespace, reason }, 'unable to record event: too many are waiting');
  }
}

/** The Event as the API server stores it. Trace events are Normal ones there. */
function kubernetesEvent(object: KubeObject, draft: EventDraft, component: string, now: Date): KubeObject {
  const { name, namespace = 'default' } = object.metadata;
  const suffix = `.${nanosOf(now)}`;
  const annotations = prefixed(object, draft);
  const at = secondsOf(now);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: name.slice(0, longestName - suffix.length) + suffix,
      namespace,
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    involvedObject: {
      kind: object.kind,
      ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }),
      name,
      ...(object.metadata.uid !== undefined && { uid: object.metadata.uid }),
      apiVersion: object.apiVersion,
      ...(object.metadata.resourceVersion !== undefined && { resourceVersion: object.metadata.resourceVersion }),
    },
    reason: draft.reason,
    message: draft.message,
    source: { component },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    type: draft.type === 'Warning' ? 'Warning' : 'Normal',
    reportingComponent: component,
    reportingInstance: '',
  };
}

let lastNanos = 0n;

/** Unix time in nanoseconds, hexadecimal. The clock ticks in milliseconds: what is alike otherwise is counted up. */
function nanosOf(now: Date): string {
  const nanos = BigInt(now.getTime()) * 1_000_000n;
  lastNanos = nanos > lastNanos ? nanos : lastNanos + 1n;
  return lastNanos.toString(16);
}

/** The body that notification-controller reads; the order of the keys is part of it, since receivers sign and compare it. */
export function eventBody(
  object: KubeObject,
  draft: EventDraft,
  reporter: { readonly component: string; readonly hostname: string },
  now: Date,
): object {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const metadata = { ...userMetadata(object), ...prefixed(object, draft) };
  const keys = Object.keys(metadata).toSorted();
  return {
    involvedObject: {
      kind: object.kind,
      ...(namespace !== undefined && { namespace }),
      name,
      ...(uid !== undefined && uid !== '' && { uid }),
      apiVersion: object.apiVersion,
      ...(resourceVersion !== undefined && resourceVersion !== '' && { resourceVersion }),
    },
    severity: draft.type === 'Warning' ? 'error' : 'info',
    timestamp: secondsOf(now),
    message: draft.message,
    reason: draft.reason,
    ...(keys.length > 0 && { metadata: Object.fromEntries(keys.map((key) => [key, metadata[key]])) }),
    reportingController: reporter.component,
    ...(reporter.hostname !== '' && { reportingInstance: reporter.hostname }),
  };
}

/** `revision` becomes `kustomize.toolkit.fluxcd.io/revision`. */
function prefixed(object: KubeObject, draft: EventDraft): Record<string, string> {
  const { group } = parseApiVersion(object.apiVersion);
  const entries = Object.entries(draft.metadata ?? {});
  return Object.fromEntries(
    entries.map(([key, value]) => [group === '' || key.includes('/') ? key : `${group}/${key}`, value]),
  );
}

/** What users attach to every event of their object by annotations. */
function userMetadata(object: KubeObject): Record<string, string> {
  const annotations = Object.entries(object.metadata.annotations ?? {});
  return Object.fromEntries(annotations.filter(([key]) => key.startsWith(eventMetadataPrefix)));
}
