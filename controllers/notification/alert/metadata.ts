import { type Alert, eventMetadataPrefix } from '#crds';
import { type Event, groupOf } from '../event/event.ts';

export interface FinalMetadata {
  readonly metadata: Readonly<Record<string, string>>;
  /** Keys that more than one source sets, with those sources from the lowest to the highest. */
  readonly clashes: ReadonlyMap<string, readonly string[]>;
}

/**
 * The metadata that a provider gets, keys without their prefix. From the lowest to the highest: the event's own keys of the
 * event group, the Alert's eventMetadata, its summary, the keys of the object's controller (spec 5.3).
 */
export function finalMetadata(alert: Alert, event: Event): FinalMetadata {
  const stripped = (prefix: string): readonly (readonly [string, string])[] =>
    Object.entries(event.metadata ?? {}).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    );
  const layers: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['involved object annotations', stripped(eventMetadataPrefix)],
    ['Alert object .spec.eventMetadata', Object.entries(alert.spec.eventMetadata ?? {})],
    ['Alert object .spec.summary', alert.spec.summary ? [['summary', alert.spec.summary]] : []],
    ['involved object controller metadata', stripped(`${groupOf(event)}/`)],
  ];
  const metadata = new Map<string, string>();
  const origins = new Map<string, string[]>();
  for (const [origin, entries] of layers) {
    for (const [key, value] of entries) {
      metadata.set(key, value);
      origins.set(key, [...(origins.get(key) ?? []), origin]);
    }
  }
  return {
    metadata: Object.fromEntries(metadata),
    clashes: new Map([...origins].filter(([, from]) => from.length > 1)),
  };
}
