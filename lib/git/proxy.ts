import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as tlsConnect, getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { GitError } from './git-error.ts';
import type { TlsOptions } from './http-connection.ts';

/** Opens a TCP connection to a host, by way of something. */
export type Tunnel = (host: string, port: number, signal: AbortSignal) => Promise<Socket>;

export interface ProxyOptions {
  /** `http://`, `https://` or `socks5://`, with host and port. */
  readonly address: string;
  /** What the address does not say itself. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

const longestAddress = 2048;

/**
 * Takes a proxy's address apart.
 * @throws Error with a text fit for a condition; it holds no credentials
 */
export function readProxy(options: ProxyOptions): ProxyOptions {
  if (options.address.length > longestAddress) {
    throw new Error(`invalid proxy address: longer than ${longestAddress} characters`);
  }
  let url: URL;
  try {
    url = new URL(options.address);
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new Error('invalid proxy address: expected <scheme>://<host>:<port>');
  }
  if (!['http:', 'https:', 'socks5:'].includes(url.protocol) || url.hostname === '') {
    throw new Error('invalid proxy address: expected http://, https:// or socks5:// and a host');
  }
  const username = options.username || decodeURIComponent(url.username);
  const password = options.password || decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  return { address: url.href, username, password };
}

/**
 * The proxy that the environment names for a target, as Go's programs read it: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in capitals or not.
 * Loopback is always reached directly.
 */
export function proxyFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  target: URL,
): ProxyOptions | undefined {
  const variable = (name: string): string => env[name] || env[name.toLowerCase()] || '';
  const isHttp = target.protocol === 'http:';
  if (!isHttp && target.protocol !== 'https:') return undefined;
  const address = variable(isHttp ? 'HTTP_PROXY' : 'HTTPS_PROXY');
  if (address === '' || isExempt(variable('NO_PROXY'), target)) return undefined;
  return readProxy({ address: address.includes('://') ? address : `http://${address}` });
}

function isExempt(list: string, target: URL): boolean {
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return true;
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '*') return true;
    const [, name = '', only] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (name === '' || (only !== undefined && only !== port)) return false;
    const suffix = name.replace(/^\*?\./, '');
    return host.endsWith(`.${suffix}`) || (host === suffix && !/^\*?\./.test(name));
  });
}

/** Requests that go through the proxy. An http proxy forwards plain requests; everything else goes through a tunnel. */
export function proxyDispatcher(options: ProxyOptions, tls: TlsOptions | undefined): Dispatcher {
  const proxy = readProxy(options);
  if (!proxy.address.startsWith('socks5:')) {
    const token = basicToken(proxy);
    return new ProxyAgent({
      uri: proxy.address,
      ...(token !== undefined && { token }),
      requestTls: tlsSettings(tls),
      // The proxy is trusted as the server is; it gets no client certificate.
      proxyTls: tlsSettings(tls?.ca === undefined ? undefined : { ca: tls.ca }),
    });
  }
  const tunnel = openTunnel(options);
  return new Agent({
    connect: (target, callback) => {
      const isTls = target.protocol === 'https:';
      const port = Number(target.port || (isTls ? 443 : 80));
      const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
      const connected = async (): Promise<Socket> => {
        const socket = await tunnel(host, port, AbortSignal.timeout(60_000));
        if (!isTls) return socket;
        const secure = tlsConnect({
          socket,
          ...(isIP(host) === 0 ? { servername: host } : { host }),
          ...tlsSettings(tls),
        });
        await once(secure, 'secureConnect');
        return secure;
      };
      connected().then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
      );
    },
  });
}

/** Connections of any protocol that go through the proxy. */
export function openTunnel(options: ProxyOptions): Tunnel {
  const proxy = readProxy(options);
  return proxy.address.startsWith('socks5:')
    ? (host, port, signal) => socksTunnel(proxy, host, port, signal)
    : (host, port, signal) => connectTunnel(proxy, host, port, signal);
}

export function tlsSettings(tls: TlsOptions | undefined): { ca?: string[]; cert?: string; key?: string } {
  return {
    ...(tls?.ca !== undefined && { ca: [...getCACertificates('default'), tls.ca] }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key }),
  };
}

function basicToken({ username = '', password = '' }: ProxyOptions): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

async function socksTunnel(proxy: ProxyOptions, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { SocksClient } = await import('socks');
  const { hostname, port: proxyPort } = new URL(proxy.address);
  const { username = '', password = '' } = proxy;
  const connecting = SocksClient.createConnection({
    command: 'connect',
    destination: { host, port }, // a name is resolved by the proxy
    proxy: {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(proxyPort || 1080),
      type: 5,
      ...(username !== '' && { userId: username, password }),
    },
  });
  const { socket } = await withAbort(connecting, signal, (late) => late.socket.destroy());
  return socket;
}

async function connectTunnel(proxy: ProxyOptions, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const token = basicToken(proxy);
  const url = new URL(proxy.address);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = send(url, {
    method: 'CONNECT',
    path: authority,
    agent: false,
    signal,
    headers: { host: authority, ...(token !== undefined && { 'proxy-authorization': token }) },
  });
  return await new Promise((resolve, reject) => {
    outgoing.once('connect', (answer, socket: Socket, head) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        reject(new GitError('unreachable', `proxy: ${answer.statusCode} ${answer.statusMessage}`));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    outgoing.once('response', (answer) => {
      answer.destroy();
      reject(new GitError('unreachable', `proxy: ${answer.statusCode} ${answer.statusMessage}`));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

/** Waits for what cannot be cancelled; what comes too late is given to `discard`. */
async function withAbort<T>(work: Promise<T>, signal: AbortSignal, discard: (late: T) => void): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      work.then(discard, () => undefined);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
