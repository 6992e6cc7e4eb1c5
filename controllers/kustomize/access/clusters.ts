import { hash } from 'node:crypto';
import {
  type Actor,
  type ApplyEngine,
  type ApplyEngineOptions,
  createApplyEngine,
  type LiveObjects,
  type LiveObjectsOptions,
  openLiveObjects,
} from '#apply';
import type { Kustomization, KubeObject } from '#crds';
import { createRestMapper, KubeApiError, type KubeClient, openKubeClient, type RestMapper } from '#kube';
import { AccessError } from './access-error.ts';
import { accountIdentity, accountOf } from './account.ts';
import { kubeconfigIn } from './kubeconfig-secret.ts';

/** A cluster as one identity sees it. */
export interface Access {
  readonly engine: ApplyEngine;
  readonly live: LiveObjects;
}

export interface ClustersOptions {
  /** The cluster that the controller itself works on, with its own rights. */
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly apply: Pick<ApplyEngineOptions, 'concurrentSsa' | 'overrideManagers' | 'customStageKinds'>;
  readonly onDrift?: LiveObjectsOptions['onDrift'];
  readonly onError?: LiveObjectsOptions['onError'];
  /** `--default-service-account`; empty: none. */
  readonly defaultServiceAccount: string;
  readonly allowExec: boolean;
  readonly allowInsecureTls: boolean;
  /** Reads a Secret with the controller's rights; undefined: there is none. */
  readonly readSecret: (namespace: string, name: string) => Promise<KubeObject | undefined>;
}

/** Another cluster, with whoever uses it. */
interface Remote {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly live: LiveObjects;
  readonly users: Set<string>;
}

/** How long another cluster may take to say that it is there, in milliseconds. */
const probeMs = 10_000;
const remoteTimeoutMs = 30_000;
const remoteConnections = 4;

/**
 * The clusters that Kustomizations apply to, and with whose rights. What is watched is watched once a cluster; what the watches
 * show never stands in for rights that an identity has not got (see LiveObjects.as).
 */
export class Clusters implements AsyncDisposable {
  readonly #options: ClustersOptions;
  readonly #local: LiveObjects;
  /** By a hash of the kubeconfig: whoever has the same one has the same rights. */
  readonly #remotes = new Map<string, Promise<Remote>>();
  /** Which of them each Kustomization uses. */
  readonly #used = new Map<string, string>();

  constructor(options: ClustersOptions) {
    this.#options = options;
    this.#local = this.#openLive(options.client, options.mapper);
  }

  /**
   * The cluster of a Kustomization, as the identity that its spec names.
   * @throws AccessError when the kubeconfig is missing or unusable, or the cluster does not answer
   */
  async open(kustomization: Kustomization, signal?: AbortSignal): Promise<Access> {
    const { metadata, spec } = kustomization;
    const { name, namespace = '' } = metadata;
    const account = accountOf(kustomization, this.#options.defaultServiceAccount);
    const reference = spec.kubeConfig?.secretRef;
    if (spec.kubeConfig === undefined) {
      this.release(`${namespace}/${name}`);
      return this.#accessAs(this.#options, this.#local, namespace, account);
    }
    if (reference === undefined)
      throw new AccessError('spec.kubeConfig.configMapRef is not supported by this version yet');
    const secret = await this.#options.readSecret(namespace, reference.name);
    const remote = await this.#remote(`${namespace}/${name}`, kubeconfigIn(secret, namespace, reference), {
      subject: `'${namespace}/${reference.name}'`,
    });
    await probe(remote.client, signal);
    return this.#accessAs(remote, remote.live, namespace, account);
  }

  /** Ends what a Kustomization waits for, on whatever cluster. */
  stopWaits(key: string): void {
    this.#eachLive((live) => {
      live.health.stop(key);
      live.termination.stop(key);
    });
  }

  /** Forgets what was applied for a Kustomization that is gone. */
  forget(owner: { readonly name: string; readonly namespace: string }): void {
    this.#eachLive((live) => live.forget(owner));
    this.release(`${owner.namespace}/${owner.name}`);
  }

  /** A Kustomization uses no other cluster any more; the last one to do so closes the connections. */
  release(key: string): void {
    const id = this.#used.get(key);
    if (id === undefined) return;
    this.#used.delete(key);
    const opening = this.#remotes.get(id);
    void opening?.then(
      async (remote) => {
        remote.live.health.stop(key);
        remote.live.termination.stop(key);
        remote.users.delete(key);
        if (remote.users.size > 0 || this.#remotes.get(id) !== opening) return;
        this.#remotes.delete(id);
        await close(remote);
      },
      () => {}, // never opened
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const remotes = await Promise.allSettled(this.#remotes.values());
    this.#remotes.clear();
    await Promise.all(remotes.filter((remote) => remote.status === 'fulfilled').map((remote) => close(remote.value)));
    await this.#local[Symbol.asyncDispose]();
  }

  #accessAs(
    { client, mapper }: { readonly client: KubeClient; readonly mapper: RestMapper },
    live: LiveObjects,
    namespace: string,
    account: string | undefined,
  ): Access {
    const identity = account === undefined ? undefined : accountIdentity(namespace, account);
    const actor: Actor =
      identity === undefined ? { client, name: '' } : { client: client.as(identity), name: identity.user };
    const seen = identity === undefined ? live : live.as(actor);
    return {
      live: seen,
      engine: createApplyEngine({ ...this.#options.apply, client: actor.client, mapper, live: seen }),
    };
  }

  async #remote(key: string, kubeconfig: string, { subject }: { readonly subject: string }): Promise<Remote> {
    const id = hash('sha256', kubeconfig);
    if (this.#used.get(key) !== id) this.release(key);
    let opening = this.#remotes.get(id);
    if (opening === undefined) {
      opening = this.#openRemote(kubeconfig, subject);
      this.#remotes.set(id, opening);
      opening.catch(() => this.#remotes.delete(id)); // told below
    }
    const remote = await opening;
    remote.users.add(key);
    this.#used.set(key, id);
    return remote;
  }

  async #openRemote(kubeconfig: string, subject: string): Promise<Remote> {
    const { allowExec, allowInsecureTls } = this.#options;
    let client: KubeClient;
    try {
      client = await openKubeClient(
        { kubeconfig, allowExec, allowInsecureTls },
        { userAgent: 'kustomize-controller', timeoutMs: remoteTimeoutMs, connections: remoteConnections },
      );
    } catch (error) {
      throw new AccessError(`KubeConfig secret ${subject} cannot be used: ${withoutContent(error)}`, { cause: error });
    }
    const mapper = createRestMapper(client);
    return { client, mapper, live: this.#openLive(client, mapper), users: new Set() };
  }

  #openLive(client: KubeClient, mapper: RestMapper): LiveObjects {
    const { apply, onDrift, onError } = this.#options;
    return openLiveObjects({ client, mapper, overrideManagers: apply.overrideManagers, onDrift, onError });
  }

  #eachLive(tell: (live: LiveObjects) => void): void {
    tell(this.#local);
    for (const opening of this.#remotes.values()) {
      opening.then(
        ({ live }) => tell(live),
        () => {}, // never opened
      );
    }
  }
}

async function close(remote: Remote): Promise<void> {
  await remote.live[Symbol.asyncDispose]();
  await remote.client[Symbol.asyncDispose]();
}

/** One question instead of one failure an object: a cluster that is away would be asked for each of them, for minutes. */
async function probe(client: KubeClient, signal: AbortSignal | undefined): Promise<void> {
  try {
    await client.request('GET', '/version', { signal, timeoutMs: probeMs });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof KubeApiError && error.code !== 401) return; // it answers
    throw new AccessError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** YAML errors quote what they cannot read, and this is a kubeconfig. */
function withoutContent(error: unknown): string {
  if (!(error instanceof Error) || error.name === 'YAMLException') return 'it is not YAML';
  return error.message.split('\n', 1)[0] ?? '';
}
