import { type Event, isError } from '../event/event.ts';
import type { JsonRecord } from '../json-record.ts';
import { getJson, recordsOf } from './get-json.ts';
import type { HttpClient } from './http.ts';
import { ProviderConfigError } from './notifier.ts';

export interface CommitStatus {
  /** 40 hex digits. */
  readonly commit: string;
  /** Tells the statuses of one commit apart (GitHub: context, GitLab: name). */
  readonly id: string;
  readonly failed: boolean;
  /** At most 140 characters, as hosts want it. */
  readonly description: string;
}

/**
 * The commit status that an event stands for; undefined for `Progressing`, which would only flicker (spec section 6, †).
 * @param id in place of the default one
 * @throws Error when the event names no Git commit
 */
export function commitStatus(event: Event, providerUid: string, id?: string): CommitStatus | undefined {
  return isProgressing(event) ? undefined : anyCommitStatus(event, providerUid, id);
}

export function isProgressing(event: Event): boolean {
  return event.reason === 'Progressing';
}

/** As commitStatus, of `Progressing` too. */
export function anyCommitStatus(event: Event, providerUid: string, id?: string): CommitStatus {
  if (event.severity !== 'info' && event.severity !== 'error')
    throw new Error(`unsupported event severity '${event.severity}'`);
  return {
    commit: commitOf(event),
    id: id ?? statusId(event, providerUid),
    failed: isError(event),
    description: describeReason(event.reason),
  };
}

/** `commit` beats `originRevision` beats `revision`. */
function commitOf(event: Event): string {
  const { metadata = {} } = event;
  const revision = metadata['commit'] || metadata['originRevision'] || metadata['revision'];
  if (!revision) throw new Error('missing revision metadata');
  const commit = /(?:^|[:/@])([0-9a-f]{40})$/.exec(revision)?.[1];
  if (commit === undefined) throw new Error(`failed to extract commit hash from revision "${revision}"`);
  return commit;
}

/** `kustomization/apps/0c9c2e41`: kind, name and the first part of the Provider's UID. */
export function statusId(event: Event, providerUid: string): string {
  const { kind, name } = event.involvedObject;
  return `${kind}/${name}/${providerUid.split('-')[0] ?? ''}`.toLowerCase();
}

/** `HealthCheckFailed` as `health check failed`. */
export function describeReason(reason: string): string {
  return reason
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .slice(0, 140);
}

export interface RepositoryAddress {
  /** `https://github.com`. */
  readonly origin: string;
  /** `owner/name`, GitLab's groups may nest. */
  readonly path: string;
}

/**
 * Reads the address of a repository as people clone it, over HTTP or SSH; its API is on the same host over HTTPS then.
 * GitLab's projects may be named by their number alone.
 * @throws ProviderConfigError unless it names a host, an owner and a repository
 */
export function parseRepositoryAddress(address: string): RepositoryAddress {
  const scp = /^[^@/]+@([^:/]+):(?!\/\/)(.+)$/.exec(address);
  const url = scp === null ? URL.parse(address) : URL.parse(`ssh://${scp[1]}/${scp[2]}`);
  const path = url?.pathname.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '') ?? '';
  if (url === null || !/^(https?|ssh):$/.test(url.protocol) || !/\/|^\d+$/.test(path))
    throw new ProviderConfigError('invalid repository address: expected https://host/owner/repository');
  return { origin: url.protocol === 'ssh:' ? `https://${url.hostname}` : url.origin, path };
}

/** Owner and name, on hosts whose owners do not nest. @throws ProviderConfigError */
export function requireOwnerAndName({ path }: RepositoryAddress): string {
  if (path.split('/').length !== 2) throw new ProviderConfigError('invalid repository id: expected owner/repository');
  return path;
}

/** What a Git host says of the statuses of a commit, newest first. @throws Error `could not list commit statuses: …` */
export async function listStatuses(
  http: HttpClient,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly JsonRecord[]> {
  return recordsOf(await getJson(http, url, headers, signal, 'list commit statuses'), 'list commit statuses');
}
