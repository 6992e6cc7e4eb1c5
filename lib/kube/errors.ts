import type { GroupVersionKind } from './contract.ts';
import { formatApiVersion } from './names.ts';

/** metav1.Status, the API server's form of an error. */
export interface Status {
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly code?: number | undefined;
  readonly details?: StatusDetails | undefined;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

/** The API server refused. The message is the server's own, as kubectl shows it behind `Error from server (Reason): `. */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  /** HTTP status. */
  readonly code: number;
  /** `NotFound`, `Conflict`, `Invalid` …; empty when the server named none. */
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly status: Status;

  constructor(code: number, status: Status) {
    super(status.message ?? `the server answered with status ${code}`);
    this.code = code;
    this.reason = status.reason ?? '';
    this.details = status.details;
    this.status = status;
  }
}

/**
 * `connect`: nothing was sent. `untrusted`: neither, for the certificate of one side was refused. `lost`: the request may
 * have been carried out. `timeout`: the same, and its time is over.
 */
export type NoConnection = 'connect' | 'untrusted' | 'lost' | 'timeout';

/** No answer came. */
export class KubeConnectionError extends Error {
  override readonly name = 'KubeConnectionError';
  readonly code: NoConnection;

  constructor(code: NoConnection, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The API server serves no such kind. */
export class NoMatchError extends Error {
  override readonly name = 'NoMatchError';
  readonly gvk: GroupVersionKind;

  constructor(gvk: GroupVersionKind) {
    super(`no matches for kind ${JSON.stringify(gvk.kind)} in version ${JSON.stringify(formatApiVersion(gvk))}`);
    this.gvk = gvk;
  }
}

function hasReason(error: unknown, reason: string, code?: number): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return error.reason === reason || (error.reason === '' && error.code === code);
}

export function isNotFound(error: unknown): boolean {
  return hasReason(error, 'NotFound', 404);
}

/** Someone else wrote first, or a server-side apply met fields of another manager. */
export function isConflict(error: unknown): boolean {
  return hasReason(error, 'Conflict');
}

export function isAlreadyExists(error: unknown): boolean {
  return hasReason(error, 'AlreadyExists');
}

export function isInvalid(error: unknown): boolean {
  return hasReason(error, 'Invalid', 422);
}

export function isForbidden(error: unknown): boolean {
  return hasReason(error, 'Forbidden', 403);
}

/** The resource version asked for is no longer kept: list again. */
export function isGone(error: unknown): boolean {
  return error instanceof KubeApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/** What the request was about, for answers that say nothing themselves. */
export interface RequestSubject {
  readonly method: string;
  readonly path: string;
}

/**
 * An error answer as an error. A body that is no Status (a proxy's page, the bare 404 of an unknown path) gets the words
 * that Go's client gives such answers, because people and tools know them.
 */
export function errorFromResponse(code: number, body: string, subject: RequestSubject): KubeApiError {
  const status = parseStatus(body);
  if (status !== undefined) return new KubeApiError(code, status);
  const { reason, message } = genericStatus(code, subject.method, body);
  return new KubeApiError(code, { code, reason, message: message + describe(subject) });
}

/** Reads a Status out of JSON text; undefined when it is something else. */
export function parseStatus(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isStatus(value) ? value : undefined;
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

function genericStatus(code: number, method: string, body: string): { reason: string; message: string } {
  switch (code) {
    case 400:
      return { reason: 'BadRequest', message: 'the server rejected our request for an unknown reason' };
    case 401:
      return { reason: 'Unauthorized', message: 'the server has asked for the client to provide credentials' };
    case 403:
      return { reason: 'Forbidden', message: 'the server does not allow access to the requested resource' };
    case 404:
      return { reason: 'NotFound', message: 'the server could not find the requested resource' };
    case 405:
      return { reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource' };
    case 409:
      return {
        reason: method === 'POST' ? 'AlreadyExists' : 'Conflict',
        message: 'the server reported a conflict',
      };
    case 422:
      return { reason: 'Invalid', message: 'the server rejected our request due to an error in our request' };
    case 429:
      return {
        reason: 'TooManyRequests',
        message: 'the server has received too many requests and has asked us to try again later',
      };
    case 503:
      return {
        reason: 'ServiceUnavailable',
        message: 'the server is currently unable to handle the request',
      };
    case 504:
      return {
        reason: 'Timeout',
        message:
          'the server was unable to return a response in the time allotted, but may still be processing the request',
      };
  }
  if (code < 500)
    return { reason: '', message: body.trim().slice(0, 1024) || `the server answered with status ${code}` };
  return {
    reason: 'InternalError',
    message: `an error on the server (${JSON.stringify(body.trim().slice(0, 1024) || 'unknown')}) has prevented the request from succeeding`,
  };
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'post',
  PUT: 'put',
  PATCH: 'patch',
  DELETE: 'delete',
  GET: 'get',
};

/** ` (get widgets.example.com demo)`, from the path of the request. */
function describe({ method, path }: RequestSubject): string {
  const match =
    /^\/(?:api\/[^/]+|apis\/(?<group>[^/]+)\/[^/]+)(?:\/namespaces\/[^/]+(?=\/[^/?]))?\/(?<plural>[^/?]+)(?:\/(?<name>[^/?]+))?/.exec(
      path,
    );
  const verb = verbs[method] ?? method.toLowerCase();
  if (match?.groups === undefined) return '';
  const { group, plural, name } = match.groups;
  const resource = group === undefined ? plural : `${plural}.${group}`;
  return ` (${verb} ${resource}${name === undefined ? '' : ` ${decodeURIComponent(name)}`})`;
}
