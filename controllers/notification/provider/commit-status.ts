import { type Event, isError } from '../event/event.ts';
import { isRecord, type JsonRecord } from '../json-record.ts';
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
  if (event.reason === 'Progressing') return undefined;
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
 * @throws ProviderConfigError unless it names a host, an owner and a repository
 */
export function parseRepositoryAddress(address: string): RepositoryAddress {
  const scp = /^[^@/]+@([^:/]+):(?!\/\/)(.+)$/.exec(address);
  const url = scp === null ? URL.parse(address) : URL.parse(`ssh://${scp[1]}/${scp[2]}`);
  const path = url?.pathname.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '') ?? '';
  if (url === null || !/^(https?|ssh):$/.test(url.protocol) || !path.includes('/'))
    throw new ProviderConfigError('invalid repository address: expected https://host/owner/repository');
  return { origin: url.protocol === 'ssh:' ? `https://${url.hostname}` : url.origin, path };
}

/** What a Git host says of the statuses of a commit, newest first. @throws Error `could not list commit statuses: …` */
export async function listStatuses(
  http: HttpClient,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly JsonRecord[]> {
  let body: string;
  try {
    ({ body } = await http.send(url, { method: 'GET', headers, signal }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`could not list commit statuses: ${why}`, { cause: error });
  }
  const listed = parseJson(body);
  if (!Array.isArray(listed)) throw new Error('could not list commit statuses: the answer is no JSON list');
  return listed.filter(isRecord);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
