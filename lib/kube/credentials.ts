import { readFileSync } from 'node:fs';
import { KubeConfig, loadYaml } from '@kubernetes/client-node';
import { isRecord } from './answers.ts';

/** Where the API server is and who is asking. */
export type ClusterAccess =
  | KubeConfig
  | { readonly kubeconfigPath: string; readonly context?: string | undefined }
  | ForeignKubeConfig
  | { readonly inCluster: true };

/**
 * A kubeconfig that somebody else wrote, as a tenant's Secret. It must carry all that it needs: paths in it would be read
 * and commands in it be run here, with the rights of this process, so both are dropped.
 */
export interface ForeignKubeConfig {
  readonly kubeconfig: string;
  readonly context?: string | undefined;
  /** Leaves exec plugins in (`--insecure-kubeconfig-exec`). */
  readonly allowExec?: boolean | undefined;
  /** Leaves `insecure-skip-tls-verify` in (`--insecure-kubeconfig-tls`). */
  readonly allowInsecureTls?: boolean | undefined;
}

/** What one connection needs; a change of it means new connections. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Credentials {
  readonly tls: TlsSettings;
  /** `Authorization` and the headers of a kubeconfig's own impersonation. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How long credentials are used before files, exec plugins and tokens are asked again, in milliseconds (as client-go does). */
const refreshMs = 60_000;

/**
 * Builds a KubeConfig for one cluster.
 * @throws Error when the kubeconfig cannot be read or names no cluster
 */
export function loadKubeConfig(access: ClusterAccess): KubeConfig {
  if (access instanceof KubeConfig) return access;
  const config = new KubeConfig();
  if ('inCluster' in access) {
    config.loadFromCluster();
    return config;
  }
  if ('kubeconfigPath' in access) {
    config.loadFromFile(access.kubeconfigPath);
    adoptTokenFiles(config, readFileSync(access.kubeconfigPath, 'utf8'));
  } else {
    config.loadFromString(selfContained(access));
  }
  if (access.context !== undefined) config.setCurrentContext(access.context);
  return config;
}

/** Fields that name files or commands of the machine that reads them. */
const pathFields = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile', 'token-file'];

/** @throws Error when the text is no kubeconfig */
function selfContained({ kubeconfig, allowExec = false, allowInsecureTls = false }: ForeignKubeConfig): string {
  const parsed = loadYaml<unknown>(kubeconfig);
  if (!isRecord(parsed)) throw new Error('cannot read the kubeconfig: expected a map');
  const dropped = new Set(pathFields);
  if (!allowExec) for (const field of ['exec', 'auth-provider']) dropped.add(field);
  if (!allowInsecureTls) dropped.add('insecure-skip-tls-verify');
  const strip = (entries: unknown, field: 'cluster' | 'user'): unknown => {
    if (!Array.isArray(entries)) return entries;
    return entries.map((entry: unknown) => {
      if (!isRecord(entry) || !isRecord(entry[field])) return entry;
      return {
        ...entry,
        [field]: Object.fromEntries(Object.entries(entry[field]).filter(([key]) => !dropped.has(key))),
      };
    });
  };
  const { clusters, users, ...rest } = parsed;
  return JSON.stringify({ ...rest, clusters: strip(clusters, 'cluster'), users: strip(users, 'user') }); // JSON is YAML
}

/** client-node looks for `token-file`; the field that kubectl knows is `tokenFile`, and a token beside it loses. */
function adoptTokenFiles(config: KubeConfig, text: string): void {
  const parsed = loadYaml<{ users?: readonly { name?: string; user?: { tokenFile?: string } }[] } | undefined>(text);
  const files = new Map((parsed?.users ?? []).map((entry) => [entry.name, entry.user?.tokenFile]));
  config.users = config.users.map((user) => {
    const tokenFile = files.get(user.name);
    if (tokenFile === undefined || tokenFile === '') return user;
    const { token: _, ...rest } = user;
    return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile } } };
  });
}

/** The credentials of a KubeConfig's current context, asked again when they are a minute old. */
export class CredentialSource {
  readonly server: string;
  readonly proxyUrl: string | undefined;
  #config: KubeConfig;
  #now: () => number;
  #current: { readonly value: Credentials; readonly at: number } | undefined;
  #loading: Promise<Credentials> | undefined;

  constructor(config: KubeConfig, now: () => number = () => performance.now()) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) {
      const context = config.getCurrentContext();
      throw new Error(`cannot find the API server: the kubeconfig has no cluster for its current context "${context}"`);
    }
    this.server = cluster.server.replace(/\/+$/, '');
    this.proxyUrl = cluster.proxyUrl || undefined;
    this.#config = forHttp(config);
    this.#now = now;
  }

  /** Undefined when they must be fetched first: the hot path then needs no promise. */
  fresh(): Credentials | undefined {
    return this.#current !== undefined && this.#now() - this.#current.at < refreshMs ? this.#current.value : undefined;
  }

  async get(): Promise<Credentials> {
    const fresh = this.fresh();
    if (fresh !== undefined) return fresh;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** The server refused `used`: forget it, and what an exec plugin had told before. */
  reject(used: Credentials): void {
    if (this.#current?.value !== used) return;
    this.#current = undefined;
    this.#config = copyOf(this.#config);
  }

  async #load(): Promise<Credentials> {
    const options: {
      headers?: Record<string, unknown>;
      auth?: string;
      ca?: unknown;
      cert?: unknown;
      key?: unknown;
      servername?: string;
      rejectUnauthorized?: boolean;
    } = {};
    await this.#config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]); // it only fills these fields
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      headers[name.toLowerCase()] = String(value).trim();
    if (options.auth != null && headers['authorization'] === undefined) {
      headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    const tls: TlsSettings = {
      ...textField('ca', options.ca ?? this.#clusterCa()),
      ...textField('cert', options.cert),
      ...textField('key', options.key),
      ...(options.servername !== undefined && { servername: options.servername }),
      ...(options.rejectUnauthorized !== undefined && { rejectUnauthorized: options.rejectUnauthorized }),
    };
    const value = { tls, headers };
    this.#current = { value, at: this.#now() };
    return value;
  }

  /** client-node leaves the CA out when the context has no user. */
  #clusterCa(): string | undefined {
    const cluster = this.#config.getCurrentCluster();
    if (cluster?.caFile) return readFileSync(cluster.caFile, 'utf8');
    return cluster?.caData ? Buffer.from(cluster.caData, 'base64').toString('utf8') : undefined;
  }
}

function textField<K extends string>(name: K, value: unknown): { [P in K]?: string } {
  if (typeof value === 'string') return { [name]: value } as { [P in K]: string };
  if (value instanceof Uint8Array) return { [name]: Buffer.from(value).toString('utf8') } as { [P in K]: string };
  return {};
}

/** A plain http server (kubectl proxy) is what the user asked for; client-node wants that said twice. */
function forHttp(config: KubeConfig): KubeConfig {
  const cluster = config.getCurrentCluster();
  if (cluster === null || !cluster.server.startsWith('http:') || cluster.skipTLSVerify) return config;
  const copy = copyOf(config);
  copy.clusters = config.clusters.map((entry) => (entry === cluster ? { ...entry, skipTLSVerify: true } : entry));
  return copy;
}

/** Same configuration, no cached exec results. */
function copyOf(config: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions({
    clusters: config.clusters,
    users: config.users,
    contexts: config.contexts,
    currentContext: config.currentContext,
  });
  return copy;
}
