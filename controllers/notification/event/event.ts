import { eventMetadataPrefix, type KubeObject } from '#crds';

/** The object that an event speaks of. */
export interface InvolvedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  readonly apiVersion?: string;
  readonly resourceVersion?: string;
}

/** What the other controllers post (spec 5.1). Keys of `metadata` carry the prefix of the object's API group or `event.toolkit.fluxcd.io/`. */
export interface Event {
  readonly involvedObject: InvolvedObject;
  readonly severity: string;
  readonly timestamp: string;
  readonly message: string;
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly reportingController: string;
  readonly reportingInstance?: string;
}

/** A body that is no event; the text says why. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

/** Fields are not validated beyond their JSON type, as in Flux: an unknown severity is delivered like `info`. */
export function parseEvent(body: string): Event {
  const value: unknown = parseJson(body);
  if (!isRecord(value)) throw new EventError('cannot read the event: expected a JSON object');
  const object = isRecord(value['involvedObject']) ? value['involvedObject'] : {};
  const metadata = isRecord(value['metadata']) ? value['metadata'] : undefined;
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
    timestamp: text(value, 'timestamp') || new Date(0).toISOString(),
    message: text(value, 'message'),
    reason: text(value, 'reason'),
    ...(metadata === undefined ? {} : { metadata: strings(metadata) }),
    reportingController: text(value, 'reportingController'),
    ...optionalText(value, 'reportingInstance'),
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new EventError(`cannot read the event: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(record: Readonly<Record<string, unknown>>, field: string): string {
  const value = record[field];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string')
    throw new EventError(`cannot read the event: field "${field}" is ${typeof value}, expected string`);
  return value;
}

function optionalText(record: Readonly<Record<string, unknown>>, field: string): Readonly<Record<string, string>> {
  const value = text(record, field);
  return value === '' ? {} : { [field]: value };
}

function strings(record: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(record).map((key) => [key, text(record, key)]));
}

/** API group of the object: what its own metadata keys start with. */
export function groupOf(event: Event): string {
  const apiVersion = event.involvedObject.apiVersion ?? '';
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** A metadata value of the object's own group, as `revision`. */
export function groupMetadata(event: Event, key: string): string | undefined {
  return event.metadata?.[`${groupOf(event)}/${key}`];
}

export function eventMetadataOf(event: Event, key: string): string | undefined {
  return event.metadata?.[`${eventMetadataPrefix}${key}`];
}

/** Keeps the metadata of the two prefixes, without checksum and digest of the group (spec 5.2, step 2). */
export function cleanMetadata(event: Event): Event {
  if (event.metadata === undefined) return event;
  const group = groupOf(event);
  const dropped = new Set([`${group}/checksum`, `${group}/digest`]);
  return withMetadata(
    event,
    (key) => !dropped.has(key) && (key.startsWith(`${group}/`) || key.startsWith(eventMetadataPrefix)),
  );
}

/** The token only makes an event unique for the rate limit (spec 5.2, step 4). */
export function dropToken(event: Event): Event {
  const token = `${groupOf(event)}/token`;
  return withMetadata(event, (key) => key !== token);
}

function withMetadata(event: Event, keep: (key: string) => boolean): Event {
  if (event.metadata === undefined) return event;
  return { ...event, metadata: Object.fromEntries(Object.entries(event.metadata).filter(([key]) => keep(key))) };
}

/** `deployment/web.prod`, the form in which providers name an object. */
export function objectTitle(event: Event): string {
  const { kind, name, namespace } = event.involvedObject;
  return `${kind.toLowerCase()}/${name}.${namespace}`;
}

/** The object of an event as far as a Kubernetes event about it needs. */
export function objectOf(event: Event): KubeObject {
  const { apiVersion = '', kind, name, namespace } = event.involvedObject;
  return { apiVersion, kind, metadata: { name, namespace } };
}

/** JSON as Go's encoder writes it: fixed field order, sorted metadata, empty optional fields left out (spec 5.1). */
export function encodeEvent(event: Event): string {
  const { involvedObject: object, metadata } = event;
  const present = (fields: Readonly<Record<string, string | undefined>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
    );
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
    timestamp: event.timestamp,
    message: event.message,
    reason: event.reason,
    ...(metadata === undefined || Object.keys(metadata).length === 0
      ? {}
      : { metadata: Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1))) }),
    reportingController: event.reportingController,
    ...present({ reportingInstance: event.reportingInstance }),
  });
}
