import type { Provider } from '#crds';
import type { KubeClient } from '#kube';
import { parse as parseYaml } from 'yaml';
import { isRecord } from '../json-record.ts';
import { readSecret, type SecretData } from '../secret.ts';
import type { HttpSettings } from './http.ts';
import { secretTexts } from './mask.ts';
import { ProviderConfigError, type ProviderSettings } from './notifier.ts';
import { isGitType, takesHeaders } from './provider-types.ts';

export interface ReadProvider {
  readonly settings: ProviderSettings;
  readonly http: HttpSettings;
  /** Texts that no error may show. */
  readonly secrets: readonly string[];
}

/** The Secrets of a Provider; empty where it names none. */
export interface ProviderSecrets {
  readonly auth: SecretData;
  readonly cert: SecretData;
  readonly proxy: SecretData;
}

export async function readProviderSecrets(
  client: KubeClient,
  { spec, metadata }: Provider,
  signal: AbortSignal,
): Promise<ProviderSecrets> {
  const namespace = metadata.namespace ?? '';
  const read = async (ref: { readonly name: string } | undefined): Promise<SecretData> => {
    if (ref === undefined) return new Map();
    try {
      return await readSecret(client, namespace, ref.name, signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`failed to read secret '${namespace}/${ref.name}': ${why}`, { cause: error });
    }
  };
  const [auth, cert, proxy] = await Promise.all([
    read(spec.secretRef),
    read(spec.certSecretRef),
    read(spec.proxySecretRef),
  ]);
  return { auth, cert, proxy };
}

/**
 * A Provider with what its Secrets say (spec section 6, secret keys).
 * @throws ProviderConfigError whose text shows no secret
 */
export function providerSettings({ spec, metadata }: Provider, { auth, cert, proxy }: ProviderSecrets): ReadProvider {
  const namespace = metadata.namespace ?? '';
  const credentials = readCredentials(auth, spec.username ?? '');
  const tls = spec.certSecretRef === undefined && isGitType(spec.type) ? auth : cert;
  const address = textOf(auth, 'address')?.trim() ?? spec.address ?? '';
  const headers = takesHeaders(spec.type) ? readHeaders(auth) : {};
  const proxyUrl =
    spec.proxySecretRef === undefined
      ? (textOf(auth, 'proxy')?.trim() ?? spec.proxy)
      : readProxy(proxy, `${namespace}/${spec.proxySecretRef.name}`);
  const values = [...auth.values(), ...proxy.values()].map((value) => value.toString('utf8'));
  // A repository is no secret; a webhook is, wherever it is written.
  const addresses = isGitType(spec.type) ? [] : [spec.address ?? ''];
  const http = { ...readTls(tls), proxy: proxyUrl };
  return {
    settings: {
      type: spec.type,
      address,
      channel: spec.channel ?? '',
      ...credentials,
      headers,
      uid: metadata.uid ?? '',
      secret: auth,
      connection: http,
    },
    http,
    secrets: secretTexts([...values, ...Object.values(headers), ...addresses, spec.proxy ?? '', proxyUrl ?? '']),
  };
}

function textOf(data: SecretData, key: string): string | undefined {
  return data.get(key)?.toString('utf8');
}

/** A username without a password (or the reverse) makes Flux drop all of it, the token included. */
function readCredentials(
  auth: SecretData,
  username: string,
): Pick<ProviderSettings, 'username' | 'password' | 'token' | 'tokenBytes'> {
  const user = textOf(auth, 'username');
  const password = textOf(auth, 'password');
  const isHalf = (user === undefined) !== (password === undefined);
  const token = isHalf ? undefined : auth.get('token');
  return {
    username: isHalf ? username : (user ?? username),
    password: isHalf ? '' : (password ?? ''),
    token: token?.toString('utf8') ?? '',
    tokenBytes: token ?? Buffer.alloc(0),
  };
}

function readHeaders(auth: SecretData): Readonly<Record<string, string>> {
  const text = textOf(auth, 'headers');
  if (text === undefined) return {};
  let parsed: unknown;
  try {
    parsed = parseYaml(text) ?? {};
  } catch {
    parsed = undefined; // the parser's own words quote what it could not read
  }
  if (!isRecord(parsed))
    throw new ProviderConfigError('failed to read headers from secret: expected a YAML map of header names to values');
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
}

/** Unlike source-controller's, the CA here stands in for the system's roots. */
function readTls(data: SecretData): Pick<HttpSettings, 'ca' | 'certificate'> {
  const cert = textOf(data, 'tls.crt') ?? textOf(data, 'certFile');
  const key = textOf(data, 'tls.key') ?? textOf(data, 'keyFile');
  if ((cert === undefined) !== (key === undefined))
    throw new ProviderConfigError('invalid TLS secret: tls.crt and tls.key must be given together');
  return {
    ca: textOf(data, 'ca.crt') ?? textOf(data, 'caFile'),
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
  };
}

function readProxy(data: SecretData, secret: string): string {
  const address = textOf(data, 'address')?.trim();
  if (address === undefined)
    throw new ProviderConfigError(`invalid proxy secret '${secret}': key 'address' is missing`);
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ProviderConfigError(`invalid proxy secret '${secret}': key 'address' is no http or https URL`);
  const username = textOf(data, 'username');
  const password = textOf(data, 'password');
  if (username !== undefined) url.username = encodeURIComponent(username);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}
