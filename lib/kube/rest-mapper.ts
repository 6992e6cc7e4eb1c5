import { isRecord } from './answers.ts';
import type { CallOptions, GroupVersionKind, KubeClient, Resource, RestMapper } from './contract.ts';
import { isNotFound, NoMatchError } from './errors.ts';
import { formatApiVersion } from './names.ts';

/** What one group version serves, by kind. */
type Kinds = ReadonlyMap<string, Resource>;

interface Known {
  readonly kinds: Kinds;
  readonly at: number;
}

/** A kind that is missing is looked for again after this time, in milliseconds. */
const askAgainMs = 1_000;

const aggregated = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/**
 * Maps kinds to the resources that serve them. All groups are read at first use, with two requests; later on only the group
 * version of a kind that is missing is asked for again.
 * @param now a monotonic clock in milliseconds
 */
export function createRestMapper(client: KubeClient, now: () => number = () => performance.now()): RestMapper {
  return new Mapper(client, now);
}

class Mapper implements RestMapper {
  readonly #client: KubeClient;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Kinds>>();
  #all: Promise<void> | undefined;

  constructor(client: KubeClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  async resourceFor(gvk: GroupVersionKind, options: CallOptions = {}): Promise<Resource> {
    const found = this.#known.get(formatApiVersion(gvk))?.kinds.get(gvk.kind);
    if (found !== undefined) return found;
    return waitFor(this.#lookUp(gvk), options.signal);
  }

  invalidate(group?: string): void {
    if (group === undefined) {
      this.#known.clear();
      this.#asking.clear();
      this.#all = undefined;
      return;
    }
    for (const apiVersion of this.#known.keys()) if (groupOf(apiVersion) === group) this.#known.delete(apiVersion);
    for (const apiVersion of this.#asking.keys()) if (groupOf(apiVersion) === group) this.#asking.delete(apiVersion);
  }

  async #lookUp(gvk: GroupVersionKind): Promise<Resource> {
    const apiVersion = formatApiVersion(gvk);
    await this.#readAll();
    const known = this.#known.get(apiVersion);
    const found = known?.kinds.get(gvk.kind);
    if (found !== undefined) return found;
    const isRecent = known !== undefined && this.#now() - known.at < askAgainMs;
    const kinds = isRecent ? known.kinds : await this.#readOne(gvk, apiVersion);
    const resource = kinds.get(gvk.kind);
    if (resource === undefined) throw new NoMatchError(gvk);
    return resource;
  }

  /** Once; a failure leaves it to the next caller to try again. */
  #readAll(): Promise<void> {
    if (this.#all === undefined) {
      const reading = this.#readAggregated().catch((error: unknown) => {
        if (this.#all === reading) this.#all = undefined;
        throw error;
      });
      this.#all = reading;
    }
    return this.#all;
  }

  async #readAggregated(): Promise<void> {
    const read = (path: string): Promise<unknown> => this.#client.request('GET', path, { accept: aggregated });
    const answers = await Promise.all([read('/api'), read('/apis')]);
    const at = this.#now();
    for (const [apiVersion, kinds] of answers.flatMap((answer) => [...readAggregatedList(answer)])) {
      this.#known.set(apiVersion, { kinds, at });
    }
  }

  /** The requests for one group version are one request. */
  #readOne(gvk: GroupVersionKind, apiVersion: string): Promise<Kinds> {
    const running = this.#asking.get(apiVersion);
    if (running !== undefined) return running;
    const asking = this.#readLegacy(gvk).then((kinds) => {
      if (this.#asking.get(apiVersion) === asking) this.#known.set(apiVersion, { kinds, at: this.#now() });
      return kinds;
    });
    this.#asking.set(apiVersion, asking);
    const forget = (): void => {
      if (this.#asking.get(apiVersion) === asking) this.#asking.delete(apiVersion);
    };
    asking.then(forget, forget);
    return asking;
  }

  async #readLegacy({ group, version }: GroupVersionKind): Promise<Kinds> {
    const path =
      group === ''
        ? `/api/${encodeURIComponent(version)}`
        : `/apis/${encodeURIComponent(group)}/${encodeURIComponent(version)}`;
    try {
      return readResourceList(await this.#client.request('GET', path), group, version);
    } catch (error) {
      if (isNotFound(error)) return new Map();
      throw error;
    }
  }
}

/** The lookup is shared: a caller that gives up must not end it for the others. */
async function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

/**
 * Group versions of an APIGroupDiscoveryList. Stale ones are left out (an aggregated API server that does not answer), and
 * a server that knows no such list yields none: both are then asked for one by one.
 */
export function* readAggregatedList(answer: unknown): Iterable<[apiVersion: string, kinds: Kinds]> {
  if (!isRecord(answer) || answer['kind'] !== 'APIGroupDiscoveryList') return;
  for (const item of recordsIn(answer['items'])) {
    const metadata = item['metadata'];
    const group = isRecord(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
    for (const entry of recordsIn(item['versions'])) {
      const { version, freshness } = entry;
      if (typeof version !== 'string' || freshness === 'Stale') continue;
      yield [formatApiVersion({ group, version }), readDiscovered(entry['resources'], group, version)];
    }
  }
}

function readDiscovered(resources: unknown, group: string, version: string): Kinds {
  const kinds = new Map<string, Resource>();
  for (const entry of recordsIn(resources)) {
    const { resource: plural, responseKind, scope } = entry;
    const kind = isRecord(responseKind) ? responseKind['kind'] : undefined;
    if (typeof plural !== 'string' || typeof kind !== 'string' || kinds.has(kind)) continue;
    kinds.set(kind, { group, version, kind, plural, namespaced: scope === 'Namespaced' });
  }
  return kinds;
}

/** An APIResourceList; subresources (`deployments/scale`) are not kinds of their own. */
export function readResourceList(answer: unknown, group: string, version: string): Kinds {
  const kinds = new Map<string, Resource>();
  if (!isRecord(answer)) return kinds;
  for (const { name: plural, kind, namespaced } of recordsIn(answer['resources'])) {
    if (typeof plural !== 'string' || typeof kind !== 'string' || plural.includes('/') || kinds.has(kind)) continue;
    kinds.set(kind, { group, version, kind, plural, namespaced: namespaced === true });
  }
  return kinds;
}

function* recordsIn(list: unknown): Iterable<Readonly<Record<string, unknown>>> {
  if (!Array.isArray(list)) return;
  for (const item of list) if (isRecord(item)) yield item;
}
