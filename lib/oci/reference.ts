import { OciError } from './oci-error.ts';

/** A repository in a registry. */
export interface RepositoryName {
  /** `host[:port]`, as written. */
  readonly registry: string;
  /** Path in the registry, such as `library/alpine`. */
  readonly repository: string;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const registryPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::\d+)?$/;

export const tagPattern: RegExp = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
export const digestPattern: RegExp = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads `oci://<host>[:port]/<repository>`.
 * @throws OciError 'badReference', also when there is a tag or digest in it
 */
export function parseOciUrl(url: string): RepositoryName {
  const bad = (why: string): OciError => new OciError('badReference', `URL validation failed for '${url}': ${why}`);
  const prefix = 'oci://';
  if (!url.startsWith(prefix)) throw bad(`URL must be in format 'oci://<domain>/<org>/<repo>'`);
  const rest = url.slice(prefix.length).replace(/\/+$/, '');
  const slash = rest.indexOf('/');
  if (slash <= 0) throw bad(`URL must be in format 'oci://<domain>/<org>/<repo>'`);
  const registry = rest.slice(0, slash);
  const path = rest.slice(slash + 1);
  if (!registryPattern.test(registry)) throw bad(`"${registry}" is no host`);
  if (/[:@]/.test(path)) throw bad(`URL must not contain a tag; remove '${/[:@].*$/.exec(path)?.[0] ?? ''}'`);
  if (!repositoryPattern.test(path) || path.length > 255) throw bad(`"${path}" is no repository name`);
  return isDockerHub(registry) && !path.includes('/')
    ? { registry, repository: `library/${path}` }
    : { registry, repository: path };
}

export function isDockerHub(registry: string): boolean {
  return registry === 'docker.io' || registry === 'index.docker.io';
}

/** Where a registry answers: Docker Hub has another host than its name. */
export function registryHost(registry: string): string {
  return isDockerHub(registry) ? 'index.docker.io' : registry;
}

/** `host/repo:tag` or `host/repo@sha256:…`, for messages. */
export function formatReference({ registry, repository }: RepositoryName, reference: string): string {
  return `${registry}/${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
}
