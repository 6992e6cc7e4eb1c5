import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici';

/** PEM texts. */
export interface TlsOptions {
  /** Trusted beside the roots that Node trusts. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Any certificate will do. */
  readonly skipVerify?: boolean | undefined;
}

export interface ProxyOptions {
  /** `http://`, `https://` or `socks5://`, without credentials. */
  readonly address: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface DispatcherOptions {
  readonly tls?: TlsOptions | undefined;
  readonly proxy?: ProxyOptions | undefined;
  /** Most connections to one server at a time. */
  readonly connections: number;
}

/** Connections of one party: whom it trusts, how it identifies itself, which way it goes. To be destroyed by who opened it. */
export function openDispatcher({ tls, proxy, connections }: DispatcherOptions): Dispatcher {
  const connect = connectOptions(tls);
  if (proxy === undefined) return new Agent({ connections, connect });
  const uri = new URL(proxy.address);
  if (uri.protocol === 'socks5:') {
    return new Socks5ProxyAgent(uri, {
      connections,
      ...(proxy.username !== undefined && { username: proxy.username }),
      ...(proxy.password !== undefined && { password: proxy.password }),
      requestTls: connect,
    });
  }
  return new ProxyAgent({ uri: uri.href, connections, requestTls: connect, ...tokenOf(proxy) });
}

function tokenOf({ username = '', password = '' }: ProxyOptions): { readonly token?: string } {
  if (username === '' && password === '') return {};
  return { token: `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}` };
}

function connectOptions(tls: TlsOptions = {}): {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: boolean;
} {
  return {
    ...(tls.ca !== undefined && { ca: [...getCACertificates('default'), tls.ca] }),
    ...(tls.cert !== undefined && { cert: tls.cert }),
    ...(tls.key !== undefined && { key: tls.key }),
    ...(tls.skipVerify === true && { rejectUnauthorized: false }),
  };
}

/**
 * Looks whether certificates and key can be used at all, before a connection fails with a stranger text.
 * @throws Error that quotes nothing of them
 */
export function checkTls({ ca, cert, key }: TlsOptions): void {
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('the CA holds no certificate');
  try {
    createSecureContext({
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  } catch {
    // The library's text may quote the input.
    throw new Error('the certificates or the key cannot be read');
  }
}
