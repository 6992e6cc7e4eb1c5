import { isRecord, type JsonRecord } from '../json-record.ts';
import type { Event } from './event.ts';

/** A body that is no event; the text says why. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

/**
 * Reads what a producer posted. Fields are held to their JSON type only, as in Flux: an unknown severity is delivered like
 * `info`, what is missing is empty, and `null` is an empty event.
 * @throws EventError
 */
export function parseEvent(body: string): Event {
  const value = parseJson(body) ?? {};
  if (!isRecord(value)) throw new EventError(`cannot read the event: it is ${typeOf(value)}, expected an object`);
  const object = record(value, 'involvedObject') ?? {};
  const metadata = record(value, 'metadata');
  return {
    involvedObject: {
      kind: text(object, 'kind'),
      namespace: text(object, 'namespace'),
      name: text(object, 'name'),
      ...optionalText(object, 'uid'),
      ...optionalText(object, 'apiVersion'),
      ...optionalText(object, 'resourceVersion'),
    },
    severity: text(value, 'severity'),
    timestamp: wholeSeconds(text(value, 'timestamp')),
    message: text(value, 'message'),
    reason: text(value, 'reason'),
    ...(metadata === undefined
      ? {}
      : { metadata: Object.fromEntries(Object.keys(metadata).map((key) => [key, text(metadata, key)])) }),
    reportingController: text(value, 'reportingController'),
    ...optionalText(value, 'reportingInstance'),
  };
}

/** JSON as Go's encoder writes it: fixed field order, sorted metadata, empty optional fields left out (spec 5.1). */
export function encodeEvent(event: Event): string {
  const { involvedObject: object, metadata = {} } = event;
  const sorted = Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    involvedObject: present({
      kind: object.kind,
      namespace: object.namespace,
      name: object.name,
      uid: object.uid,
      apiVersion: object.apiVersion,
      resourceVersion: object.resourceVersion,
    }),
    severity: event.severity,
    timestamp: event.timestamp === '' ? null : event.timestamp,
    message: event.message,
    reason: event.reason,
    ...(sorted.length === 0 ? {} : { metadata: Object.fromEntries(sorted) }),
    reportingController: event.reportingController,
    ...present({ reportingInstance: event.reportingInstance }),
  });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own words quote the body, which may be anybody's.
    throw new EventError('cannot read the event: the body is not JSON');
  }
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

function record(parent: JsonRecord, field: string): JsonRecord | undefined {
  const value = parent[field] ?? undefined;
  if (value === undefined || isRecord(value)) return value;
  throw new EventError(`cannot read the event: field "${field}" is ${typeOf(value)}, expected object`);
}

function text(parent: JsonRecord, field: string): string {
  const value = parent[field] ?? '';
  if (typeof value === 'string') return value;
  throw new EventError(`cannot read the event: field "${field}" is ${typeOf(value)}, expected string`);
}

function optionalText(parent: JsonRecord, field: string): Readonly<Record<string, string>> {
  return present({ [field]: text(parent, field) });
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A time in any zone as UTC without a fraction, which is how Flux passes it on. */
function wholeSeconds(time: string): string {
  if (time === '') return '';
  const ms = rfc3339.test(time) ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(ms)) throw new EventError('cannot read the event: field "timestamp" is no RFC 3339 time');
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Without what is empty. */
function present(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}
