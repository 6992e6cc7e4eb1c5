import { map, object, oneOf, optional, type OptionalSchema, type Schema, string, text } from '../schema/schema.ts';

/** Kinds that send events, and that a Receiver may annotate. */
export const eventSourceKinds = [
  'Bucket',
  'GitRepository',
  'Kustomization',
  'HelmRelease',
  'HelmChart',
  'HelmRepository',
  'ImageRepository',
  'ImagePolicy',
  'ImageUpdateAutomation',
  'OCIRepository',
  'ArtifactGenerator',
  'ExternalArtifact',
] as const;

export type EventSourceKind = (typeof eventSourceKinds)[number];

/** One object, or all of a kind (`name: '*'`), perhaps narrowed by labels. */
export interface EventSource {
  readonly apiVersion?: string;
  readonly kind: EventSourceKind;
  readonly name: string;
  readonly namespace?: string;
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export const eventSourceFields: {
  readonly apiVersion: OptionalSchema<string>;
  readonly kind: Schema<EventSourceKind>;
  readonly name: Schema<string>;
  readonly namespace: OptionalSchema<string>;
  readonly matchLabels: OptionalSchema<Readonly<Record<string, string>>>;
} = {
  apiVersion: optional(
    string({ description: 'Group and version of the kind, such as `kustomize.toolkit.fluxcd.io/v1`.' }),
  ),
  kind: oneOf(eventSourceKinds, { description: 'Kind of the object.' }),
  name: string({ description: 'Name of the object; `*` for all of the kind.', minLength: 1, maxLength: 253 }),
  namespace: optional(
    string({
      description: 'Namespace of the object; the one of this object when left out. No wildcard.',
      minLength: 1,
      maxLength: 253,
    }),
  ),
  matchLabels: optional(map(text, { description: 'Labels that the object must have, with these values.' })),
};

export const eventSource: Schema<EventSource> = object(eventSourceFields, {
  description: 'Objects, by kind, name and labels.',
});
