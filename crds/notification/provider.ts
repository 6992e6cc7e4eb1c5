import { type LocalObjectReference, localObjectReference } from '../meta/references.ts';
import { notificationGroup } from '../meta/well-known.ts';
import { ageColumn, type CustomResource, customResource, type Resource } from '../schema/custom-resource.ts';
import {
  boolean,
  described,
  duration,
  object,
  oneOf,
  optional,
  type Schema,
  shortDuration,
  string,
} from '../schema/schema.ts';

export type Provider = Resource<'notification.toolkit.fluxcd.io/v1beta3', 'Provider', ProviderSpec, never>;

export const providerTypes = [
  'generic',
  'generic-hmac',
  'slack',
  'discord',
  'rocket',
  'msteams',
  'googlechat',
  'googlepubsub',
  'webex',
  'sentry',
  'azureeventhub',
  'telegram',
  'lark',
  'matrix',
  'opsgenie',
  'alertmanager',
  'grafana',
  'pagerduty',
  'datadog',
  'nats',
  'zulip',
  'otel',
  'zoom',
  'incident.io',
  'githubdispatch',
  'github',
  'gitlab',
  'gitea',
  'bitbucket',
  'bitbucketserver',
  'azuredevops',
  'githubpullrequestcomment',
  'giteapullrequestcomment',
  'gitlabmergerequestcomment',
] as const;

export type ProviderType = (typeof providerTypes)[number];

export interface ProviderSpec {
  readonly type: ProviderType;
  readonly interval?: string;
  readonly channel?: string;
  readonly username?: string;
  readonly address?: string;
  readonly timeout?: string;
  readonly proxy?: string;
  readonly proxySecretRef?: LocalObjectReference;
  readonly secretRef?: LocalObjectReference;
  readonly certSecretRef?: LocalObjectReference;
  readonly serviceAccountName?: string;
  readonly suspend?: boolean;
  readonly commitStatusExpr?: string;
}

const spec: Schema<ProviderSpec> = object(
  {
    type: oneOf(providerTypes, {
      description: 'What is spoken to.',
    }),
    address: optional(
      string({
        description:
          'Where to send: a webhook URL, a repository URL or what else the type takes. Never put a secret here.',
        maxLength: 2048,
      }),
    ),
    channel: optional(
      string({ description: 'Channel, room, topic or routing key, where the type has one.', maxLength: 2048 }),
    ),
    username: optional(string({ description: 'Name under which to post, where the type shows one.', maxLength: 2048 })),
    secretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with `address` (wins over the field), `token`, `username` and `password`, `headers`, or what else the type takes.',
      }),
    ),
    certSecretRef: optional(
      described(localObjectReference, {
        description:
          'Secret with TLS material: `ca.crt` (trusted instead of the system roots), `tls.crt` and `tls.key`.',
      }),
    ),
    proxySecretRef: optional(
      described(localObjectReference, {
        description: 'Secret with the proxy: `address`, optionally `username` and `password`.',
      }),
    ),
    proxy: optional(
      string({
        description: 'Address of the proxy. Deprecated: use `proxySecretRef`, which wins.',
        pattern: '^(http|https)://.*$',
        maxLength: 2048,
      }),
    ),
    serviceAccountName: optional(
      string({
        description: 'ServiceAccount whose workload identity is used: `azureeventhub`, `azuredevops`, `googlepubsub`.',
        comesLater: true,
      }),
    ),
    timeout: optional(
      shortDuration({ description: 'How long one delivery may take, retries included; 15s when left out.' }),
    ),
    interval: optional(duration({ description: 'Has no effect; accepted so that older manifests still apply.' })),
    commitStatusExpr: optional(
      string({
        description: 'CEL over `event`, `provider` and `alert` that gives the id of the commit status.',
      }),
    ),
    suspend: optional(boolean({ description: 'Delivers nothing while true.' })),
  },
  {
    description: 'Where to deliver, and with which credentials.',
    rules: [
      {
        rule: "!has(self.commitStatusExpr) || self.type in ['github', 'gitlab', 'gitea', 'bitbucketserver', 'bitbucket', 'azuredevops']",
        message:
          'commitStatusExpr may only be set when type is github, gitlab, gitea, bitbucketserver, bitbucket or azuredevops',
      },
    ],
  },
);

export const provider: CustomResource<ProviderSpec, never> = customResource({
  group: notificationGroup,
  version: 'v1beta3',
  kind: 'Provider',
  plural: 'providers',
  categories: ['all', 'fluxcd', 'fluxcd-notifications'],
  component: 'notification-controller',
  description: 'Provider delivers the events of Alerts to a chat, a Git host or another service.',
  columns: [ageColumn],
  spec,
});
