import type { Provider } from '#crds';
import { isNotFound, type KubeClient } from '#kube';
import { parse as parseYaml } from 'yaml';
import { isRecord } from '../event/event.ts';
import { isCommitStatusProvider } from '../alert/match.ts';
import { secretResource } from '../core-kinds.ts';
import type { HttpSettings } from './http.ts';
import type { ProviderSettings } from './notifier.ts';

/** The decoded `data` of a Secret. */
export type SecretData = ReadonlyMap<string, string>;

/** @throws Error `failed to get secret 'ns/name': secrets "name" not found` */
export async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<SecretData> {
  try {
    const secret = await client.get(secretResource, { namespace, name }, { signal });
    const data = isRecord(secret['data']) ? secret['data'] : {};
    return new Map(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
    );
  } catch (error) {
    const reason = isNotFound(error)
      ? `secrets "${name}" not found`
      : error instanceof Error
        ? error.message
        : String(error);
    throw new Error(`failed to get secret '${namespace}/${name}': ${reason}`, { cause: error });
  }
}

export interface ReadProvider {
  readonly settings: ProviderSettings;
  readonly http: HttpSettings;
  /** Values that no error text may show. */
  readonly secrets: readonly string[];
}

/** A Provider with what its Secrets say (spec section 6, secret keys). */
export async function readProvider(client: KubeClient, provider: Provider, signal: AbortSignal): Promise<ReadProvider> {
  const { spec, metadata } = provider;
  const namespace = metadata.namespace ?? '';
  const secretOf = (ref: { readonly name: string } | undefined): Promise<SecretData> =>
    ref === undefined ? Promise.resolve(new Map()) : readSecret(client, namespace, ref.name, signal);
  const [auth, cert, proxy] = await Promise.all([
    secretOf(spec.secretRef),
    secretOf(spec.certSecretRef),
    secretOf(spec.proxySecretRef),
  ]);
  const credentials = readCredentials(auth, spec.username ?? '');
  const tls = spec.certSecretRef === undefined && isCommitStatusProvider(spec.type) ? auth : cert;
  return {
    settings: {
      type: spec.type,
      address: auth.get('address')?.trim() ?? spec.address ?? '',
      channel: spec.channel ?? '',
      ...credentials,
      headers: readHeaders(auth),
      uid: metadata.uid ?? '',
    },
    http: { ...readTls(tls), proxy: readProxy(proxy) ?? auth.get('proxy') ?? spec.proxy },
    secrets: [...auth.values(), ...proxy.values()].filter((value) => value.length > 3),
  };
}

/** A username without a password (or the reverse) makes Flux drop all of it, the token included. */
function readCredentials(
  auth: SecretData,
  username: string,
): Pick<ProviderSettings, 'username' | 'password' | 'token'> {
  const user = auth.get('username');
  const password = auth.get('password');
  if ((user === undefined) !== (password === undefined)) return { username, password: '', token: '' };
  return { username: user ?? username, password: password ?? '', token: auth.get('token') ?? '' };
}

function readHeaders(auth: SecretData): Readonly<Record<string, string>> {
  const text = auth.get('headers');
  if (text === undefined) return {};
  const parsed: unknown = parseYaml(text);
  if (!isRecord(parsed))
    throw new Error(`failed to read headers from secret: expected a YAML map of header names to values`);
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
}

/** Unlike source-controller's, the CA here stands in for the system's roots. */
function readTls(data: SecretData): Pick<HttpSettings, 'ca' | 'certificate'> {
  const cert = data.get('tls.crt') ?? data.get('certFile');
  const key = data.get('tls.key') ?? data.get('keyFile');
  if ((cert === undefined) !== (key === undefined))
    throw new Error('invalid TLS secret: tls.crt and tls.key must be given together');
  return {
    ca: data.get('ca.crt') ?? data.get('caFile'),
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
  };
}

function readProxy(data: SecretData): string | undefined {
  const address = data.get('address')?.trim();
  if (address === undefined) return undefined;
  const url = new URL(address);
  url.username = encodeURIComponent(data.get('username') ?? '');
  url.password = encodeURIComponent(data.get('password') ?? '');
  return url.href;
}

/** The text with every secret value masked, however it came in. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, '*****'), text);
}
