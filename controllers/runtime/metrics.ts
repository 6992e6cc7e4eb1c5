import type { KubeObject } from '#crds';
import type { SeenRequest } from '#kube';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { QueueObserver } from './work-queue.ts';

/** As controller-runtime counts the end of a run. */
export type RunResult = 'success' | 'error' | 'requeue' | 'requeue_after';

const runResults: readonly RunResult[] = ['success', 'error', 'requeue', 'requeue_after'];

/** Ten steps from 10 ms to half an hour, as Flux's dashboards expect them, in seconds. */
const durationBuckets = [0.01, 0.0384, 0.1472, 0.5646, 2.1661, 8.3099, 31.8798, 122.3022, 469.195, 1800];

const runTimeBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

const object = ['kind', 'name', 'namespace'] as const;
const controller = ['controller'] as const;
const queue = ['name', 'controller'] as const;

/** Every metric beside those of the process. Names, labels and units are Flux's and controller-runtime's. */
const table = {
  gotk_reconcile_duration_seconds: {
    type: 'histogram',
    help: 'The duration in seconds of a GitOps Toolkit resource reconciliation.',
    labels: object,
    buckets: durationBuckets,
  },
  gotk_reconcile_condition: {
    type: 'gauge',
    help: 'The current condition status of a GitOps Toolkit resource reconciliation (not fed: see gotk_resource_info).',
    labels: [...object, 'type', 'status'],
  },
  gotk_suspend_status: {
    type: 'gauge',
    help: 'The current suspend status of a GitOps Toolkit resource (not fed: see gotk_resource_info).',
    labels: object,
  },
  gotk_cache_events_total: {
    type: 'counter',
    help: 'Total number of cache retrieval events for a Gitops Toolkit resource reconciliation.',
    labels: ['event_type', 'name', 'namespace'],
  },
  gotk_token_cache_events_total: {
    type: 'counter',
    help: 'Total number of token cache retrieval events for a Gitops Toolkit resource reconciliation.',
    labels: ['event_type', ...object, 'operation'],
  },
  gotk_token_cache_requests_total: {
    type: 'counter',
    help: 'Total number of token cache requests.',
    labels: ['status'],
  },
  gotk_token_cache_evictions_total: { type: 'counter', help: 'Total number of token cache evictions.' },
  gotk_token_cached_items: { type: 'gauge', help: 'Total number of items in the token cache.' },
  controller_runtime_reconcile_total: {
    type: 'counter',
    help: 'Total number of reconciliations per controller',
    labels: [...controller, 'result'],
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    help: 'Total number of reconciliation errors per controller',
    labels: controller,
  },
  controller_runtime_terminal_reconcile_errors_total: {
    type: 'counter',
    help: 'Total number of terminal reconciliation errors per controller',
    labels: controller,
  },
  controller_runtime_reconcile_panics_total: {
    type: 'counter',
    help: 'Total number of reconciliation panics per controller',
    labels: controller,
  },
  controller_runtime_reconcile_timeouts_total: {
    type: 'counter',
    help: 'Total number of reconciliation timeouts per controller',
    labels: controller,
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    help: 'Length of time per reconciliation per controller',
    labels: controller,
    buckets: runTimeBuckets,
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    help: 'Maximum number of concurrent reconciles per controller',
    labels: controller,
  },
  controller_runtime_active_workers: {
    type: 'gauge',
    help: 'Number of currently used workers per controller',
    labels: controller,
  },
  workqueue_depth: {
    type: 'gauge',
    help: 'Current depth of workqueue by workqueue and priority',
    labels: [...queue, 'priority'],
  },
  workqueue_adds_total: { type: 'counter', help: 'Total number of adds handled by workqueue', labels: queue },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    help: 'How long in seconds an item stays in workqueue before being requested',
    labels: queue,
    buckets: queueBuckets,
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    help: 'How long in seconds processing an item from workqueue takes.',
    labels: queue,
    buckets: queueBuckets,
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    help: 'How many seconds of work has been done that is in progress and has not been observed by work_duration.',
    labels: queue,
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    help: 'How many seconds has the longest running processor for workqueue been running.',
    labels: queue,
  },
  workqueue_retries_total: { type: 'counter', help: 'Total number of retries handled by workqueue', labels: queue },
  rest_client_requests_total: {
    type: 'counter',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    labels: ['code', 'method', 'host'],
  },
  leader_election_master_status: {
    type: 'gauge',
    help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
    labels: ['name'],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

type Table = typeof table;
type NamesOf<Type> = { [K in keyof Table]: Table[K]['type'] extends Type ? K : never }[keyof Table];
type Registered = { readonly [K in NamesOf<'counter'>]: Counter } & { readonly [K in NamesOf<'gauge'>]: Gauge } & {
  readonly [K in NamesOf<'histogram'>]: Histogram;
};

/** All metrics of a program. */
export interface Metrics {
  /** For the API client. */
  readonly onRequest: (seen: SeenRequest) => void;
  /** Handles of one kind, all of its series at zero. */
  controller(kind: { readonly kind: string; readonly singular: string }, concurrency: number): ControllerMetrics;
  /** @param lease name of the Lease */
  leading(lease: string, isLeader: boolean): void;
}

/** What one controller counts. */
export interface ControllerMetrics {
  readonly queue: QueueObserver;
  started(): void;
  /** @param object what the run was about; undefined when it is gone: its series must not come back */
  ended(seconds: number, object: KubeObject | undefined): void;
  result(result: RunResult): void;
  terminalError(): void;
  panicked(): void;
  timedOut(): void;
  /** Drops the series of an object that is gone. */
  forget(object: KubeObject): void;
}

/** Registers every metric, those of the process included. */
export function createMetrics(registry: Registry): Metrics {
  const metrics = register(registry);
  collectDefaultMetrics({ register: registry });
  return {
    onRequest: ({ code, method, host }) => metrics.rest_client_requests_total.inc({ code, method, host }),
    controller: (kind, concurrency) => new KindMetrics(metrics, kind, concurrency),
    leading: (lease, isLeader) => metrics.leader_election_master_status.set({ name: lease }, isLeader ? 1 : 0),
  };
}

function register(registry: Registry): Registered {
  const entries = Object.entries<MetricSpec>(table).map(([name, spec]) => {
    const options = { name, help: spec.help, labelNames: [...(spec.labels ?? [])], registers: [registry] };
    switch (spec.type) {
      case 'counter':
        return [name, new Counter(options)] as const;
      case 'gauge':
        return [name, new Gauge(options)] as const;
      case 'histogram':
        return [name, new Histogram({ ...options, buckets: [...(spec.buckets ?? [])] })] as const;
    }
  });
  return Object.fromEntries(entries); // one metric of the right type for each row, made just above
}

class KindMetrics implements ControllerMetrics {
  readonly queue: QueueObserver;
  readonly #metrics: Registered;
  readonly #kind: string;
  readonly #labels: { readonly controller: string };

  constructor(metrics: Registered, kind: { readonly kind: string; readonly singular: string }, concurrency: number) {
    this.#metrics = metrics;
    this.#kind = kind.kind;
    this.#labels = { controller: kind.singular };
    this.queue = observeQueue(metrics, kind.singular);
    for (const result of runResults) metrics.controller_runtime_reconcile_total.inc({ ...this.#labels, result }, 0);
    metrics.controller_runtime_reconcile_errors_total.inc(this.#labels, 0);
    metrics.controller_runtime_terminal_reconcile_errors_total.inc(this.#labels, 0);
    metrics.controller_runtime_reconcile_panics_total.inc(this.#labels, 0);
    metrics.controller_runtime_reconcile_timeouts_total.inc(this.#labels, 0);
    metrics.controller_runtime_reconcile_time_seconds.zero(this.#labels);
    metrics.controller_runtime_active_workers.set(this.#labels, 0);
    metrics.controller_runtime_max_concurrent_reconciles.set(this.#labels, concurrency);
  }

  started(): void {
    this.#metrics.controller_runtime_active_workers.inc(this.#labels);
  }

  ended(seconds: number, object: KubeObject | undefined): void {
    this.#metrics.controller_runtime_active_workers.dec(this.#labels);
    this.#metrics.controller_runtime_reconcile_time_seconds.observe(this.#labels, seconds);
    if (object !== undefined)
      this.#metrics.gotk_reconcile_duration_seconds.observe(this.#objectLabels(object), seconds);
  }

  result(result: RunResult): void {
    this.#metrics.controller_runtime_reconcile_total.inc({ ...this.#labels, result });
    if (result === 'error') this.#metrics.controller_runtime_reconcile_errors_total.inc(this.#labels);
  }

  terminalError(): void {
    this.#metrics.controller_runtime_terminal_reconcile_errors_total.inc(this.#labels);
  }

  panicked(): void {
    this.#metrics.controller_runtime_reconcile_panics_total.inc(this.#labels);
  }

  timedOut(): void {
    this.#metrics.controller_runtime_reconcile_timeouts_total.inc(this.#labels);
  }

  forget(object: KubeObject): void {
    this.#metrics.gotk_reconcile_duration_seconds.remove(this.#objectLabels(object));
  }

  #objectLabels({ metadata }: KubeObject): { kind: string; name: string; namespace: string } {
    return { kind: this.#kind, name: metadata.name, namespace: metadata.namespace ?? '' };
  }
}

function observeQueue(metrics: Registered, name: string): QueueObserver {
  const labels = { name, controller: name };
  const running = new RunningWork();
  const depth = metrics.workqueue_depth.labels({ ...labels, priority: '' });
  depth.set(0);
  metrics.workqueue_adds_total.inc(labels, 0);
  metrics.workqueue_retries_total.inc(labels, 0);
  metrics.workqueue_queue_duration_seconds.zero(labels);
  metrics.workqueue_work_duration_seconds.zero(labels);
  collectWith(metrics.workqueue_unfinished_work_seconds, (gauge, now) =>
    gauge.set(labels, running.totalMs(now) / 1000),
  );
  collectWith(metrics.workqueue_longest_running_processor_seconds, (gauge, now) =>
    gauge.set(labels, running.longestMs(now) / 1000),
  );
  return {
    added: (size) => {
      depth.set(size);
      metrics.workqueue_adds_total.inc(labels);
    },
    started: (size, waitedMs) => {
      depth.set(size);
      metrics.workqueue_queue_duration_seconds.observe(labels, waitedMs / 1000);
      running.start(performance.now());
    },
    done: (workedMs) => {
      metrics.workqueue_work_duration_seconds.observe(labels, workedMs / 1000);
      running.end(performance.now() - workedMs);
    },
    retried: () => metrics.workqueue_retries_total.inc(labels),
  };
}

const collectors = new WeakMap<Gauge, ((gauge: Gauge, now: number) => void)[]>();

/** Several controllers set their own series of one gauge when it is read; prom-client takes one function a gauge. */
function collectWith(gauge: Gauge, collect: (gauge: Gauge, now: number) => void): void {
  const known = collectors.get(gauge);
  if (known !== undefined) {
    known.push(collect);
    return;
  }
  const all = [collect];
  collectors.set(gauge, all);
  Object.assign(gauge, {
    collect: () => {
      for (const each of all) each(gauge, performance.now());
    },
  });
}

/** When the work under way began, in milliseconds of the monotonic clock. Workers are few, so a list does. */
export class RunningWork {
  readonly #starts: number[] = [];

  start(at: number): void {
    this.#starts.push(at);
  }

  /** Ends the work that began nearest to `at`: the queue tells durations, not which work it was. */
  end(at: number): void {
    let nearest = 0;
    for (const [index, start] of this.#starts.entries()) {
      if (Math.abs(start - at) < Math.abs((this.#starts[nearest] ?? Infinity) - at)) nearest = index;
    }
    this.#starts.splice(nearest, 1);
  }

  totalMs(now: number): number {
    return this.#starts.reduce((sum, start) => sum + now - start, 0);
  }

  longestMs(now: number): number {
    return this.#starts.reduce((longest, start) => Math.max(longest, now - start), 0);
  }
}
