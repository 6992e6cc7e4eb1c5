import { isDockerHub } from './reference.ts';

/** What a registry is told about who asks. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  /** A refresh token of the registry's own login; wins over the password. */
  readonly identityToken?: string | undefined;
  /** Sent as it is. */
  readonly registryToken?: string | undefined;
}

/**
 * The credentials for a repository in a Docker configuration (`.dockerconfigjson`): the entry with the longest matching path.
 * @throws TypeError when the text is no such configuration; it quotes nothing of it
 */
export function findCredentials(
  configJson: string,
  registry: string,
  repository: string,
): RegistryCredentials | undefined {
  const auths = authsOf(configJson);
  const wanted = `${registry}/${repository}`;
  let best: { readonly path: string; readonly entry: unknown } | undefined;
  for (const [key, entry] of Object.entries(auths)) {
    const path = normalKey(key);
    if (matches(path, wanted, registry) && path.length > (best?.path.length ?? -1)) best = { path, entry };
  }
  return best === undefined ? undefined : credentialsOf(best.entry);
}

function authsOf(configJson: string): Readonly<Record<string, unknown>> {
  let config: unknown;
  try {
    config = JSON.parse(configJson);
  } catch {
    throw new TypeError('cannot parse the Docker configuration: it is no JSON');
  }
  if (!isRecord(config)) throw new TypeError('cannot parse the Docker configuration: it is no object');
  return isRecord(config['auths']) ? config['auths'] : {};
}

/** Keys may be URLs (`https://index.docker.io/v1/`), hosts, or hosts with a path. */
function normalKey(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/(?:v1|v2)?\/?$/, '');
}

function matches(path: string, wanted: string, registry: string): boolean {
  if (isDockerHub(registry) && isDockerHub(path.replace(/^registry-1\./, ''))) return true;
  const host = path.split('/', 1)[0] ?? '';
  if (host.startsWith('*.')) {
    // As the kubelet reads it: one label for each star.
    const labels = registry.split('.');
    const pattern = host.split('.');
    const fits =
      labels.length === pattern.length && pattern.every((part, index) => part === '*' || part === labels[index]);
    return fits && wanted.slice(registry.length).startsWith(path.slice(host.length));
  }
  return wanted === path || wanted.startsWith(`${path}/`);
}

function credentialsOf(entry: unknown): RegistryCredentials | undefined {
  if (!isRecord(entry)) return undefined;
  const text = (name: string): string => (typeof entry[name] === 'string' ? entry[name] : '');
  const decoded = Buffer.from(text('auth'), 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  const username = colon === -1 ? text('username') : decoded.slice(0, colon);
  const password = colon === -1 ? text('password') : decoded.slice(colon + 1);
  const identityToken = text('identitytoken');
  const registryToken = text('registrytoken');
  if (username === '' && password === '' && identityToken === '' && registryToken === '') return undefined;
  return {
    username,
    password,
    ...(identityToken !== '' && { identityToken }),
    ...(registryToken !== '' && { registryToken }),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
