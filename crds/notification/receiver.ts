import { type LocalObjectReference, localObjectReference } from '../meta/references.ts';
import { type CommonStatus, freshStatus, statusFields } from '../meta/status-fields.ts';
import { notificationGroup } from '../meta/well-known.ts';
import {
  ageColumn,
  type CustomResource,
  customResource,
  type Resource,
  readyColumn,
  statusColumn,
} from '../schema/custom-resource.ts';
import {
  array,
  boolean,
  described,
  duration,
  object,
  oneOf,
  optional,
  type Schema,
  string,
  text,
} from '../schema/schema.ts';
import { type EventSource, eventSourceFields } from './event-source.ts';

export type Receiver = Resource<'notification.toolkit.fluxcd.io/v1', 'Receiver', ReceiverSpec, ReceiverStatus>;

export const receiverTypes = [
  'generic',
  'generic-hmac',
  'generic-oidc',
  'github',
  'gitlab',
  'bitbucket',
  'harbor',
  'dockerhub',
  'quay',
  'gcr',
  'nexus',
  'acr',
  'cdevents',
] as const;

export type ReceiverType = (typeof receiverTypes)[number];

export interface ReceiverSpec {
  readonly type: ReceiverType;
  readonly interval?: string;
  readonly events?: readonly string[];
  readonly resources: readonly ReceiverResource[];
  readonly resourceFilter?: string;
  readonly secretRef?: LocalObjectReference;
  readonly oidcProviders?: readonly OidcProvider[];
  readonly suspend?: boolean;
}

export interface ReceiverResource extends EventSource {
  readonly filter?: string;
}

export interface OidcProvider {
  readonly issuerURL: string;
  readonly audience?: string;
  readonly variables?: readonly OidcVariable[];
  readonly validations: readonly OidcValidation[];
}

export interface OidcVariable {
  readonly name: string;
  readonly expression: string;
}

export interface OidcValidation {
  readonly expression: string;
  readonly message: string;
}

export interface ReceiverStatus extends CommonStatus {
  readonly webhookPath?: string;
}

const resource: Schema<ReceiverResource> = object<ReceiverResource>(
  {
    ...eventSourceFields,
    filter: optional(
      string({
        description: 'CEL over `res` (the object) and `req` (the JSON body): whether the object is to be woken.',
      }),
    ),
  },
  { description: 'Objects to wake, by kind, name and labels.' },
);

const oidcVariable: Schema<OidcVariable> = object(
  {
    name: string({ description: 'Name under `vars`.' }),
    expression: string({ description: 'CEL over `claims` and the variables before it.' }),
  },
  { description: 'A value that later expressions use.' },
);

const oidcValidation: Schema<OidcValidation> = object(
  {
    expression: string({ description: 'CEL over `claims` and `vars` that must be true.' }),
    message: string({ description: 'What to say when it is not.' }),
  },
  { description: 'A rule that the token must keep.' },
);

const oidcProvider: Schema<OidcProvider> = object(
  {
    issuerURL: string({ description: 'Issuer of the tokens; its keys are discovered.', pattern: '^https?://' }),
    audience: optional(
      string({ description: 'Audience that a token must be made for.', default: 'notification-controller' }),
    ),
    variables: optional(array(oidcVariable, { description: 'Values for the validations, computed in order.' })),
    validations: array(oidcValidation, { description: 'Rules; all must hold.', minItems: 1 }),
  },
  { description: 'Whose tokens are accepted.' },
);

const spec: Schema<ReceiverSpec> = object(
  {
    type: oneOf(receiverTypes, {
      description: 'Who calls, and so how a call is verified.',
    }),
    events: optional(
      array(text, {
        description:
          'Events of the caller that count, such as `push`; all when left out. For github, gitlab, bitbucket, cdevents.',
      }),
    ),
    resources: array(resource, { description: 'What is reconciled at once when a call comes in.' }),
    resourceFilter: optional(
      string({
        description: 'CEL over `res` and `req` for all resources; as each `filter`, it must be true.',
      }),
    ),
    secretRef: optional(
      described(localObjectReference, {
        description: 'Secret whose `token` verifies calls and makes the path unguessable.',
      }),
    ),
    oidcProviders: optional(
      array(oidcProvider, {
        description: 'Whose tokens are accepted, for `generic-oidc`.',
        mapKeys: ['issuerURL'],
      }),
    ),
    interval: optional(duration({ description: 'How often the Receiver itself is checked.', default: '10m' })),
    suspend: optional(boolean({ description: 'Answers calls with 503 while true.' })),
  },
  {
    description: 'Whose calls wake which objects.',
    rules: [
      {
        rule: "self.type == 'generic-oidc' || has(self.secretRef)",
        message: 'secretRef is required unless type is generic-oidc',
      },
      {
        rule: "self.type != 'generic-oidc' || !has(self.secretRef)",
        message: 'secretRef must not be set when type is generic-oidc',
      },
      {
        rule: "self.type != 'generic-oidc' || has(self.oidcProviders)",
        message: 'oidcProviders is required when type is generic-oidc',
      },
      {
        rule: "self.type == 'generic-oidc' || !has(self.oidcProviders)",
        message: 'oidcProviders may only be set when type is generic-oidc',
      },
    ],
  },
);

const status: Schema<ReceiverStatus> = object<ReceiverStatus>(
  {
    ...statusFields,
    webhookPath: optional(
      string({ description: 'Path of the webhook: `/hook/` and a digest of token, name, namespace.' }),
    ),
  },
  { description: 'Where the webhook is, and how the last run ended.', default: freshStatus },
);

export const receiver: CustomResource<ReceiverSpec, ReceiverStatus> = customResource({
  group: notificationGroup,
  version: 'v1',
  kind: 'Receiver',
  plural: 'receivers',
  categories: ['all', 'fluxcd', 'fluxcd-notifications'],
  component: 'notification-controller',
  description: 'Receiver is a webhook that makes objects reconcile at once.',
  columns: [ageColumn, readyColumn, statusColumn],
  spec,
  status,
});
