import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { KubeObject } from '#crds';
import {
  createRestMapper,
  type KubeClient,
  openKubeClient,
  type Resource,
  type RestMapper,
  type WatchCache,
  type WatchOptions,
  watchResource,
} from '#kube';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { commonFlags } from './common-flags.ts';
import type { Controller, EventDraft, KindController, Program } from './contract.ts';
import { ObjectController } from './controller.ts';
import { createEventRecorder, type EventRecorder } from './events.ts';
import {
  type FeatureGate,
  FlagError,
  type FlagTable,
  flagHelp,
  type Options,
  parseFeatureGates,
  parseFlags,
} from './flags.ts';
import { serveHealth, serveMetrics } from './health-server.ts';
import { runAsLeader, shardSuffix } from './leader-election.ts';
import { createLogger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { SluiceOperator } from './operator.ts';

/** Longest time from SIGTERM to the end: below the pods' termination grace period. */
const shutdownMs = 9_000;

export interface ProgramDefinition<T extends FlagTable, G extends Readonly<Record<string, FeatureGate>>> {
  /** `source-controller`; also the name of the Lease, of the events' source and of the User-Agent. */
  readonly name: string;
  readonly flags: T;
  readonly featureGates: G;
  /** The address that events are posted to; absent where the program posts none. */
  readonly eventsAddress?: (options: Options<T>) => string;
  /** Puts kinds under control and says what else runs. Nothing is started yet. */
  readonly build: (program: Program<Options<T>>, gates: { readonly [K in keyof G]: boolean }) => Promise<void> | void;
}

/** What the process gives: handed in by `main.ts`, so that nothing else touches it. */
export interface ProcessPort {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  onSignal(handler: (name: string) => void): void;
  exit(code: number): void;
}

type CommonOptions = Options<typeof commonFlags>;

/**
 * The life of a controller program: flags, client, probes, leadership, watches, queues, shutdown.
 * @returns the exit code
 */
export async function runProgram<
  T extends FlagTable & typeof commonFlags,
  G extends Readonly<Record<string, FeatureGate>>,
>(definition: ProgramDefinition<T, G>, port: ProcessPort): Promise<number> {
  let parsed: ReturnType<typeof parseFlags<T>>;
  let gates: { readonly [K in keyof G]: boolean };
  try {
    parsed = parseFlags(definition.flags, port.argv, port.env);
    gates = parseFeatureGates(definition.featureGates, commonOf(parsed.options)['feature-gates']);
    checkOptions(parsed.options);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    port.stderr.write(`${definition.name}: ${error.message}\n\n${flagHelp(definition.name, definition.flags)}`);
    return 1;
  }
  if (parsed.help) {
    port.stdout.write(flagHelp(definition.name, definition.flags));
    return 0;
  }
  const { options } = parsed;
  const common = commonOf(options);
  const log = createLogger({ level: common['log-level'], encoding: common['log-encoding'] }, port.stdout);
  for (const name of parsed.withoutEffect)
    log.info({ logger: 'setup', flag: name }, `flag --${name} is accepted but has no effect yet`);
  const shutdown = new AbortController();
  port.onSignal((name) => {
    log.info({ logger: 'setup' }, `received ${name}, shutting down`);
    shutdown.abort(new DOMException(`received ${name}`, 'AbortError'));
  });
  try {
    const life = await ProgramLife.open(
      definition.name,
      options,
      port.env,
      log,
      shutdown,
      definition.eventsAddress?.(options) ?? '',
    );
    await definition.build(life, gates);
    return await life.run();
  } catch (error) {
    log.error({ logger: 'setup', error }, `unable to run ${definition.name}`);
    return 1;
  }
}

/** Every table contains the common flags (the bound of `T`), which the compiler does not follow through `Options`. */
function commonOf(options: Readonly<Record<string, unknown>>): CommonOptions {
  return options as unknown as CommonOptions;
}

function checkOptions(options: Readonly<Record<string, unknown>>): void {
  const level = String(options['log-level']);
  if (!['trace', 'debug', 'info', 'error'].includes(level)) {
    throw new FlagError(`invalid argument "${level}" for "--log-level" flag: expected trace, debug, info or error`);
  }
  const jitter = Number(options['interval-jitter-percentage'] ?? 0);
  if (jitter < 0 || jitter > 99) {
    throw new FlagError(`invalid argument "${jitter}" for "--interval-jitter-percentage" flag: expected 0 to 99`);
  }
}

/** A running program. */
class ProgramLife<O extends Readonly<Record<string, unknown>>> implements Program<O> {
  readonly name: string;
  readonly options: O;
  readonly #common: CommonOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly log: Logger;
  readonly registry: Registry;
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly hostname: string;
  readonly #shutdown: AbortController;
  readonly #metrics: Metrics;
  readonly #recorder: EventRecorder;
  readonly #operator: SluiceOperator;
  readonly #onStart: (() => Promise<AsyncDisposable>)[] = [];
  readonly #onBoot: (() => Promise<AsyncDisposable>)[] = [];
  #ready = false;

  static async open<O extends Readonly<Record<string, unknown>>>(
    name: string,
    options: O,
    env: Readonly<Record<string, string | undefined>>,
    log: Logger,
    shutdown: AbortController,
    eventsAddress: string,
  ): Promise<ProgramLife<O>> {
    const registry = new Registry();
    const metrics = createMetrics(registry);
    const kubeconfig = env['KUBECONFIG'];
    const common = commonOf(options);
    const client = await openKubeClient(
      kubeconfig === undefined || kubeconfig === '' ? { inCluster: true } : { kubeconfigPath: kubeconfig },
      {
        userAgent: name,
        rateLimit: { qps: common['kube-api-qps'], burst: common['kube-api-burst'] },
        onRequest: metrics.onRequest,
      },
    );
    return new ProgramLife(name, options, env, log, shutdown, eventsAddress, registry, metrics, client);
  }

  private constructor(
    name: string,
    options: O,
    env: Readonly<Record<string, string | undefined>>,
    log: Logger,
    shutdown: AbortController,
    eventsAddress: string,
    registry: Registry,
    metrics: Metrics,
    client: KubeClient,
  ) {
    this.name = name;
    this.options = options;
    this.#common = commonOf(options);
    this.env = env;
    this.log = log;
    this.client = client;
    this.registry = registry;
    this.#metrics = metrics;
    this.#shutdown = shutdown;
    this.signal = shutdown.signal;
    this.namespace = env['RUNTIME_NAMESPACE'] ?? 'flux-system';
    this.hostname = env['HOSTNAME'] ?? hostname();
    this.mapper = createRestMapper(client);
    this.#recorder = createEventRecorder({
      client,
      component: name,
      eventsAddr: eventsAddress,
      hostname: this.hostname,
      log,
    });
    this.#operator = new SluiceOperator(client, log.child({ logger: 'operator' }), {
      namespace: this.#common['watch-all-namespaces'] ? undefined : this.namespace,
      labelSelector: this.#shard(),
    });
  }

  control<T extends KubeObject>(kind: KindController<T>): Controller<T> {
    const jitter: unknown = Object.entries(this.options).find(
      ([flagName]) => flagName === 'interval-jitter-percentage',
    )?.[1];
    const concurrency = Number(this.options['concurrent'] ?? 4);
    const controller = new ObjectController(
      kind,
      {
        concurrency,
        minRetryDelayMs: this.#common['min-retry-delay'],
        maxRetryDelayMs: this.#common['max-retry-delay'],
        jitterPercent: Number(jitter ?? 0),
      },
      {
        client: this.client,
        log: this.log,
        metrics: this.#metrics.controller(kind.kind, concurrency),
        recordEvent: (object, draft) => this.event(object, draft),
        signal: this.signal,
      },
    );
    this.#operator.control(controller);
    return controller;
  }

  watch<T extends KubeObject>(resource: Resource, options: Omit<WatchOptions<T>, 'onError'>): WatchCache<T> {
    const namespace = options.namespace ?? (this.#common['watch-all-namespaces'] ? undefined : this.namespace);
    const deferred = new DeferredCache<T>(resource);
    this.#operator.want(() =>
      deferred.open(
        watchResource<T>(this.client, resource, {
          ...options,
          namespace,
          onError: (error) => this.log.error({ error, resource: resource.plural }, 'watch failed, trying again'),
        }),
      ),
    );
    return deferred;
  }

  event(object: KubeObject, draft: EventDraft): void {
    this.#recorder.record(object, draft);
  }

  onStart(start: () => Promise<AsyncDisposable>): void {
    this.#onStart.push(start);
  }

  onBoot(start: () => Promise<AsyncDisposable>): void {
    this.#onBoot.push(start);
  }

  /** Runs until the signal; resolves with the exit code. */
  async run(): Promise<number> {
    await using resources = new AsyncDisposableStack();
    resources.use(this.client);
    resources.defer(() => this.#recorder.close());
    resources.use(await serveHealth(this.#common['health-addr'], () => this.#ready));
    resources.use(await serveMetrics(this.#common['metrics-addr'], this.registry));
    for (const start of this.#onBoot) resources.use(await start());
    const work = async (): Promise<void> => {
      for (const start of this.#onStart) resources.use(await start());
      if (this.signal.aborted) return;
      resources.defer(() => this.#operator.close());
      await this.#operator.start();
      this.#ready = true;
      this.log.info({ logger: 'setup' }, `${this.name} is ready`);
    };
    const code = this.#common['enable-leader-election'] ? await this.#lead(work) : await this.#work(work);
    this.#ready = false;
    setTimeout(() => this.log.error({ logger: 'setup' }, 'shutdown takes too long, giving up'), shutdownMs).unref();
    return code;
  }

  async #work(work: () => Promise<void>): Promise<number> {
    await work();
    await aborted(this.signal);
    return 0;
  }

  /** A lost Lease ends the program: another replica works on, and two must not. */
  async #lead(work: () => Promise<void>): Promise<number> {
    const options = this.#common;
    const lease = `${this.name}-leader-election${shardSuffix(this.#shard())}`;
    this.#ready = true; // a standby replica is healthy
    const lost = await runAsLeader({
      client: this.client,
      namespace: this.namespace,
      name: lease,
      identity: `${this.hostname}_${randomUUID()}`,
      leaseDurationMs: options['leader-election-lease-duration'],
      renewDeadlineMs: options['leader-election-renew-deadline'],
      retryPeriodMs: options['leader-election-retry-period'],
      releaseOnCancel: options['leader-election-release-on-cancel'],
      signal: this.signal,
      log: this.log,
      onLead: work,
      // Two replicas must not work at the same time.
      beforeRelease: () => this.#operator.close(),
      onStatus: (isLeader) => this.#metrics.leading(lease, isLeader),
    });
    if (!lost) return 0;
    this.log.error({ logger: 'setup' }, 'leader election lost');
    this.#shutdown.abort(new DOMException('leader election lost', 'AbortError'));
    return 1;
  }

  #shard(): string | undefined {
    const selector: unknown = Object.entries(this.options).find(
      ([flagName]) => flagName === 'watch-label-selector',
    )?.[1];
    return typeof selector === 'string' && selector !== '' ? selector : undefined;
  }
}

/** A cache that is handed out while programs are built and opened when they start. */
class DeferredCache<T extends KubeObject> implements WatchCache<T> {
  readonly resource: Resource;
  #cache: WatchCache<T> | undefined;

  constructor(resource: Resource) {
    this.resource = resource;
  }

  open(cache: WatchCache<T>): WatchCache<T> {
    this.#cache = cache;
    return cache;
  }

  get synced(): boolean {
    return this.#cache?.synced ?? false;
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    return this.#opened().whenSynced(signal);
  }

  get(key: { readonly namespace?: string | undefined; readonly name: string }): T | undefined {
    return this.#opened().get(key);
  }

  list(): readonly T[] {
    return this.#opened().list();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cache?.[Symbol.asyncDispose]();
  }

  #opened(): WatchCache<T> {
    if (this.#cache === undefined)
      throw new Error(`cannot read the cache of ${this.resource.plural}: the program has not started`);
    return this.#cache;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
