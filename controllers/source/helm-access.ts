import type { HelmRepository } from '#crds';
import { type TlsOptions } from '#http';
import { type Connection, openConnection, tlsOptions } from './connection.ts';
import type { SourceDeps } from './deps.ts';
import { readSecret, type SecretData } from './secret.ts';

/** How a Helm repository is reached: its connections, and what it is told about who asks. */
export interface HelmAccess extends AsyncDisposable {
  readonly dispatcher: Connection['dispatcher'];
  readonly login: { readonly username: string; readonly password: string } | undefined;
  /** Value of the `authorization` header for the repository's own host. */
  readonly authorization: string | undefined;
  /** The Secret as it is, for registries. */
  readonly secret: SecretData | undefined;
}

/**
 * Reads the Secrets of a HelmRepository.
 * @throws Error with a text fit for a condition
 */
export async function openHelmAccess(
  { spec, metadata }: HelmRepository,
  deps: Pick<SourceDeps, 'client' | 'dispatcher' | 'env'>,
  signal: AbortSignal,
): Promise<HelmAccess> {
  const namespace = metadata.namespace ?? '';
  const { secretRef, certSecretRef } = spec;
  const secret = secretRef === undefined ? undefined : await readSecret(deps.client, namespace, secretRef.name, signal);
  const name = `${namespace}/${secretRef?.name ?? ''}`;
  const login = secret === undefined ? undefined : loginOf(secret, name);
  const tls = secret === undefined ? undefined : oldTls(secret, name);
  const insecure: TlsOptions | undefined =
    spec.type === 'oci' && spec.insecure === true ? { skipVerify: true } : undefined;
  const address = spec.url.replace(/^oci:/, 'https:');
  const target = URL.canParse(address) ? new URL(address) : undefined;
  const connection = await openConnection({ certSecretRef, tls: tls ?? insecure, target }, namespace, deps, signal);
  return {
    dispatcher: connection.dispatcher,
    login,
    authorization: login && `Basic ${Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64')}`,
    secret,
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

function loginOf({ username = '', password = '' }: SecretData, name: string): HelmAccess['login'] {
  if ((username === '') !== (password === '')) {
    throw new Error(`invalid secret '${name}': 'username' and 'password' must be set together`);
  }
  return username === '' ? undefined : { username, password };
}

/** Certificates beside the login, as they were given before there was `certSecretRef`. */
function oldTls(secret: SecretData, name: string): TlsOptions | undefined {
  const keys = ['ca.crt', 'caFile', 'tls.crt', 'certFile', 'tls.key', 'keyFile'];
  return keys.some((key) => secret[key] !== undefined) ? tlsOptions(secret, name) : undefined;
}

/** A repository's address with exactly one slash at its end, as charts are resolved against it. */
export function normalRepositoryUrl(text: string): URL {
  const url = new URL(text);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/`;
  return url;
}
