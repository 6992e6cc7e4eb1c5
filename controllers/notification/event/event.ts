import { eventMetadataPrefix } from '#crds';

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
  /** RFC 3339, UTC, whole seconds; empty when the producer gave none. */
  readonly timestamp: string;
  readonly message: string;
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly reportingController: string;
  readonly reportingInstance?: string;
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

/** A metadata value that users and Git hosts put in, as `commit`. */
export function eventMetadataOf(event: Event, key: string): string | undefined {
  return event.metadata?.[`${eventMetadataPrefix}${key}`];
}

/** Keeps the metadata of the two prefixes, without checksum and digest of the group (spec 5.2, step 2). */
export function cleanMetadata(event: Event): Event {
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

export function isError(event: Event): boolean {
  return event.severity === 'error';
}

/** `deployment/web.prod`, the form in which chats name an object. */
export function objectTitle(event: Event): string {
  const { kind, name, namespace } = event.involvedObject;
  return `${kind.toLowerCase()}/${name}.${namespace}`;
}

/** `Deployment/prod/web`, the form in which texts about a delivery name an object. */
export function objectPath(event: Event): string {
  const { kind, name, namespace } = event.involvedObject;
  return `${kind}/${namespace}/${name}`;
}

/** The metadata by key, which is the order that does not change from one event to the next. */
export function sortedMetadata(event: Event): readonly (readonly [string, string])[] {
  return Object.entries(event.metadata ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Seconds since the epoch; undefined when the producer gave no time. */
export function unixSeconds(event: Event): number | undefined {
  const ms = Date.parse(event.timestamp);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
