import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { proxyFor } from './environment-proxy.ts';
import type { HttpSettings } from './http.ts';

/** A short idle time: servers close first. */
const keepAliveTimeout = 1000;

/** The connections of one delivery. */
export interface ConnectionLease extends AsyncDisposable {
  towards(target: URL): Dispatcher;
}

/** The connections of all deliveries; those with TLS material or a proxy of their own share nothing. */
export class Connections implements AsyncDisposable {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #shared = new Map<string, Dispatcher>();

  /** @param environment names the proxy for all: HTTPS_PROXY, HTTP_PROXY, NO_PROXY */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
  }

  lease(settings: HttpSettings): ConnectionLease {
    const { ca, certificate } = settings;
    const ownProxy = settings.proxy ?? '';
    const isOwn = ca !== undefined || certificate !== undefined || ownProxy !== '';
    const agents = isOwn ? new Map<string, Dispatcher>() : this.#shared;
    const tls = { ...(ca === undefined ? {} : { ca }), ...certificate };
    return {
      towards: (target) => {
        const proxy = ownProxy === '' ? (proxyFor(target, this.#environment) ?? '') : ownProxy;
        const agent = agents.get(proxy) ?? openAgent(proxy, tls);
        agents.set(proxy, agent);
        return agent;
      },
      [Symbol.asyncDispose]: () => (isOwn ? destroyAll(agents) : Promise.resolve()),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return destroyAll(this.#shared);
  }
}

function openAgent(proxy: string, tls: Readonly<Record<string, string>>): Dispatcher {
  return proxy === ''
    ? new Agent({ keepAliveTimeout, connect: tls })
    : new ProxyAgent({ uri: proxy, keepAliveTimeout, requestTls: tls });
}

async function destroyAll(agents: ReadonlyMap<string, Dispatcher>): Promise<void> {
  await Promise.all([...agents.values()].map((agent) => agent.destroy()));
}
