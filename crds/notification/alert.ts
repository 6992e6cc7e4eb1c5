import { type LocalObjectReference, localObjectReference } from '../meta/references.ts';
import { notificationGroup } from '../meta/well-known.ts';
import { ageColumn, type CustomResource, customResource, type Resource } from '../schema/custom-resource.ts';
import {
  array,
  boolean,
  described,
  map,
  object,
  oneOf,
  optional,
  type Schema,
  string,
  text,
} from '../schema/schema.ts';
import { type EventSource, eventSource } from './event-source.ts';

export type Alert = Resource<'notification.toolkit.fluxcd.io/v1beta3', 'Alert', AlertSpec, never>;

export interface AlertSpec {
  readonly providerRef: LocalObjectReference;
  readonly eventSeverity?: 'info' | 'error';
  readonly eventSources: readonly EventSource[];
  readonly inclusionList?: readonly string[];
  readonly exclusionList?: readonly string[];
  readonly eventMetadata?: Readonly<Record<string, string>>;
  readonly summary?: string;
  readonly suspend?: boolean;
}

const spec: Schema<AlertSpec> = object(
  {
    providerRef: described(localObjectReference, { description: 'Provider that delivers, in the same namespace.' }),
    eventSeverity: optional(
      oneOf(['info', 'error'], {
        default: 'info',
        description: 'The least that is reported: `info` reports everything, `error` only failures.',
      }),
    ),
    eventSources: array(eventSource, { description: 'Whose events are reported.' }),
    inclusionList: optional(
      array(text, { description: 'Go regular expressions: the message must match one of them.' }),
    ),
    exclusionList: optional(
      array(text, { description: 'Go regular expressions: a message that matches one is not reported. Wins.' }),
    ),
    eventMetadata: optional(
      map(text, { description: 'Added to what is reported. Metadata that an event brings itself wins.' }),
    ),
    summary: optional(
      string({ description: 'Says what the alert is about. Deprecated: use `eventMetadata`.', maxLength: 255 }),
    ),
    suspend: optional(boolean({ description: 'Reports nothing while true.' })),
  },
  { description: 'Which events go to which Provider.' },
);

export const alert: CustomResource<AlertSpec, never> = customResource({
  group: notificationGroup,
  version: 'v1beta3',
  kind: 'Alert',
  plural: 'alerts',
  categories: ['all', 'fluxcd', 'fluxcd-notifications'],
  component: 'notification-controller',
  description: 'Alert chooses events and hands them to a Provider.',
  columns: [ageColumn],
  spec,
});
