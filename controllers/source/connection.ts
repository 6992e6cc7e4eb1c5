import type { LocalObjectReference } from '#crds';
import { proxyFromEnvironment } from '#git';
import { checkTls, openDispatcher, type ProxyOptions, type TlsOptions } from '#http';
import type { KubeClient } from '#kube';
import type { Dispatcher } from 'undici';
import { readSecret, type SecretData } from './secret.ts';

/** How one source reaches its servers. */
export interface Connection extends AsyncDisposable {
  readonly dispatcher: Dispatcher;
}

export interface ConnectionSpec {
  readonly certSecretRef?: LocalObjectReference | undefined;
  readonly proxySecretRef?: LocalObjectReference | undefined;
  /** TLS keys that came with something else; a `certSecretRef` wins. */
  readonly tls?: TlsOptions | undefined;
  /** The server, for a proxy that the environment names. */
  readonly target: URL | undefined;
}

interface Deps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly dispatcher: Dispatcher;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Most connections to one server at a time. */
const connections = 16;

const mostProxyAddress = 2048;

/**
 * Connections with the certificates and the proxy of a source; the shared ones where it names none.
 * @throws Error with a text fit for a condition
 */
export async function openConnection(
  spec: ConnectionSpec,
  namespace: string,
  deps: Deps,
  signal: AbortSignal,
): Promise<Connection> {
  const read = (name: string): Promise<SecretData> => readSecret(deps.client, namespace, name, signal);
  const { certSecretRef, proxySecretRef } = spec;
  const tls =
    certSecretRef === undefined
      ? spec.tls
      : tlsOptions(await read(certSecretRef.name), `${namespace}/${certSecretRef.name}`);
  const proxy =
    proxySecretRef === undefined
      ? spec.target && proxyFromEnvironment(deps.env, spec.target)
      : proxyOptions(await read(proxySecretRef.name), `${namespace}/${proxySecretRef.name}`);
  if (tls === undefined && proxy === undefined) {
    return { dispatcher: deps.dispatcher, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const dispatcher = openDispatcher({ tls, proxy, connections });
  return { dispatcher, [Symbol.asyncDispose]: () => dispatcher.destroy() };
}

/**
 * Certificates in a Secret (source spec 2.8), under today's names or the older ones.
 * @throws Error that holds no value of the Secret
 */
export function tlsOptions(data: SecretData, name: string): TlsOptions {
  const ca = data['ca.crt'] ?? data['caFile'];
  const cert = data['tls.crt'] ?? data['certFile'];
  const key = data['tls.key'] ?? data['keyFile'];
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error(`invalid TLS secret '${name}': 'tls.crt' and 'tls.key' must be set together`);
  }
  if (ca === undefined && cert === undefined) {
    throw new Error(`invalid TLS secret '${name}': it must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'`);
  }
  const tls: TlsOptions = { ca, cert, key };
  try {
    checkTls(tls);
  } catch (error) {
    throw new Error(`invalid TLS secret '${name}': ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
  return tls;
}

/** @throws Error that holds no value of the Secret */
export function proxyOptions(data: SecretData, name: string): ProxyOptions {
  const invalid = (why: string): Error => new Error(`invalid proxy secret '${name}': ${why}`);
  const { address = '', username, password } = data;
  if (address === '') throw invalid("key 'address' is missing");
  if (address.length > mostProxyAddress) throw invalid(`'address' is longer than ${mostProxyAddress} characters`);
  const protocol = URL.canParse(address) ? new URL(address).protocol : '';
  if (!['http:', 'https:', 'socks5:'].includes(protocol)) {
    throw invalid("'address' is no URL with the scheme http, https or socks5");
  }
  return { address, ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}
