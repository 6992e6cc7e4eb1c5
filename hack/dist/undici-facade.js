/**
 * What the programs use of undici: the HTTP/1.1 dispatchers and `request`. The package's door also loads fetch, WebSocket,
 * caches and mocks, which cost 15 MB resident.
 */
import Agent from 'undici/lib/dispatcher/agent.js';
import Client from 'undici/lib/dispatcher/client.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';
import Socks5ProxyAgent from 'undici/lib/dispatcher/socks5-proxy-agent.js';
import api from 'undici/lib/api/index.js';
import errors from 'undici/lib/core/errors.js';
import { getGlobalDispatcher } from 'undici/lib/global.js';
import dns from 'undici/lib/interceptor/dns.js';
import redirect from 'undici/lib/interceptor/redirect.js';

Object.assign(Dispatcher.prototype, api);

export const interceptors = { dns, redirect };

export { Agent, Client, Dispatcher, errors, Pool, ProxyAgent, Socks5ProxyAgent };

/** As undici's `request`, which its door builds from the same parts. */
export function request(url, options = {}) {
  const target = new URL(url);
  const { dispatcher = getGlobalDispatcher(), ...rest } = options;
  return api.request.call(dispatcher, { ...rest, origin: target.origin, path: `${target.pathname}${target.search}`, method: options.method ?? (options.body ? 'PUT' : 'GET') });
}

/** client-node's default transport, which ours replaces. */
export const fetch = (...args) => globalThis.fetch(...args);
