import type { KubeObject } from '#crds';
import {
  type CacheEvent,
  type KubeClient,
  type ListOptions,
  type Resource,
  type WatchCache,
  watchResource,
} from '#kube';
import dotI, { type ResourceEvent, ResourceEventType, type ResourceMeta } from '@dot-i/k8s-operator';
import type { Logger } from 'pino';
import { ObjectController } from './controller.ts';

/** The library is CommonJS: its default export arrives as a property. */
const BaseOperator: typeof dotI.default = dotI.default;

const eventTypes = {
  added: ResourceEventType.Added,
  updated: ResourceEventType.Modified,
  deleted: ResourceEventType.Deleted,
} as const;

/** How long the start waits for a kind that cannot be listed, in milliseconds. */
const patienceMs = 10_000;

/**
 * The operator shape of @dot-i/k8s-operator (init, start, stop, watchResource, resource events) over our own client. What
 * the library does with its own HTTP calls is overridden: on client-node 2 its URIs are wrong, its errors are swallowed,
 * and a watch error ends the process (design section 4).
 */
export class SluiceOperator extends BaseOperator {
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #selection: Pick<ListOptions, 'namespace' | 'labelSelector'>;
  readonly #controllers: ObjectController<KubeObject>[] = [];
  readonly #wanted: (() => WatchCache<KubeObject>)[] = [];
  /** Caches that are no controller's. */
  readonly #others: WatchCache<KubeObject>[] = [];
  readonly #caches: WatchCache<KubeObject>[] = [];

  /** @param selection which objects of the controlled kinds: one namespace, a shard */
  constructor(client: KubeClient, log: Logger, selection: Pick<ListOptions, 'namespace' | 'labelSelector'>) {
    super({
      debug: (message) => log.debug(message),
      info: (message) => log.info(message),
      warn: (message) => log.error(message),
      error: (message) => log.error(message),
    });
    this.#client = client;
    this.#log = log;
    this.#selection = selection;
  }

  control(controller: ObjectController<KubeObject>): void {
    this.#controllers.push(controller);
  }

  /** A cache that is no controller's, opened and synced before the first run. */
  want(open: () => WatchCache<KubeObject>): void {
    this.#wanted.push(open);
  }

  protected override async init(): Promise<void> {
    for (const open of this.#wanted) this.#others.push(open());
    this.#caches.push(...this.#others);
    for (const controller of this.#controllers) {
      const { kind } = controller.kind;
      const cache = this.#open(kind, (event) => controller.onEvent(event), controller.kind.parse);
      controller.attach(cache);
    }
  }

  /**
   * Opens every watch and lets each queue work as soon as its cache, and those that are no controller's, are complete. A kind
   * that the cluster does not serve holds up the others for `patienceMs` only: it is said, and taken up once it is served.
   */
  override async start(): Promise<void> {
    await super.start();
    await this.#complete(this.#others);
    const started = this.#controllers.map(async (controller) => {
      await controller.cache.whenSynced();
      controller.start();
    });
    for (const start of started)
      start.catch((error: unknown) => this.#log.error({ error }, 'cannot start a controller'));
    await this.#complete(this.#controllers.map(({ cache }) => cache));
  }

  async #complete(caches: readonly WatchCache<KubeObject>[]): Promise<void> {
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patienceMs);
    await Promise.race([Promise.all(caches.map((cache) => cache.whenSynced())), patience]);
    clearTimeout(timer);
    for (const { resource, synced } of caches) {
      if (synced) continue;
      const kind = `${resource.plural}.${resource.group}`;
      this.#log.error(
        { resource: kind },
        `cannot list ${kind}: going on without it; is its CustomResourceDefinition installed?`,
      );
    }
  }

  override stop(): void {
    void this.close();
  }

  /** As stop, and resolves when the runs under way have ended and the watches are closed. */
  async close(): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.stop()));
    await Promise.all(this.#caches.map((cache) => cache[Symbol.asyncDispose]()));
  }

  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    return `${this.#client.server}${base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`;
  }

  protected override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const resource: Resource = { group, version, plural, kind: plural, namespaced: namespace !== undefined };
    const onChange = (event: CacheEvent<KubeObject>): void => {
      onEvent(resourceEvent(plural, event)).catch((error: unknown) =>
        this.#log.error({ error }, 'cannot handle a resource event'),
      );
    };
    await this.#open(resource, onChange, undefined).whenSynced();
  }

  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    await this.#client.patch(resourceOf(meta), keyOf(meta), { metadata: { finalizers } }, { type: 'merge' });
  }

  protected override setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.patchResourceStatus(meta, status);
  }

  protected override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    const body = { metadata: { resourceVersion: meta.resourceVersion }, status };
    const written = await this.#client.patch(resourceOf(meta), keyOf(meta), body, {
      type: 'merge',
      subresource: 'status',
    });
    return { ...meta, resourceVersion: written.metadata.resourceVersion ?? meta.resourceVersion };
  }

  #open(
    resource: Resource,
    onEvent: (event: CacheEvent<KubeObject>) => void,
    parse: ((object: KubeObject) => KubeObject) | undefined,
  ): WatchCache<KubeObject> {
    const cache = watchResource<KubeObject>(this.#client, resource, {
      ...this.#selection,
      parse,
      onEvent,
      onError: (error) => this.#log.error({ error, resource: resource.plural }, 'watch failed, trying again'),
    });
    this.#caches.push(cache);
    return cache;
  }
}

function resourceEvent(plural: string, event: CacheEvent<KubeObject>): ResourceEvent {
  const { apiVersion, kind, metadata } = event.object;
  const id = `${plural}.${apiVersion}`;
  const meta = { id, name: metadata.name, resourceVersion: metadata.resourceVersion ?? '', apiVersion, kind };
  return {
    meta: metadata.namespace === undefined ? meta : { ...meta, namespace: metadata.namespace },
    type: eventTypes[event.type],
    object: { apiVersion, kind, metadata: { name: metadata.name } },
  };
}

/** `id` is `plural.group/version` (or `plural.version`), as the library builds it. */
function resourceOf(meta: ResourceMeta): Resource {
  const dot = meta.id.indexOf('.');
  const [first = '', second] = meta.id.slice(dot + 1).split('/');
  const names = second === undefined ? { group: '', version: first } : { group: first, version: second };
  return { ...names, plural: meta.id.slice(0, dot), kind: meta.kind, namespaced: meta.namespace !== undefined };
}

function keyOf(meta: ResourceMeta): { readonly namespace?: string; readonly name: string } {
  return meta.namespace === undefined ? { name: meta.name } : { namespace: meta.namespace, name: meta.name };
}
