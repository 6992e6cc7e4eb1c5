/** Flags of notification-controller beside the common ones (spec section 8). */
export const notificationFlags = {
  'events-addr': {
    type: 'string',
    default: ':9090',
    env: 'EVENTS_ADDR',
    help: 'The address the event endpoint listens on.',
  },
  receiverAddr: {
    type: 'string',
    default: ':9292',
    env: 'RECEIVER_ADDR',
    help: 'The address the webhook endpoint listens on.',
  },
  concurrent: { type: 'integer', default: 4, help: 'Objects of a kind that are reconciled at the same time.' },
  'rate-limit-interval': {
    type: 'duration',
    default: '5m',
    help: 'Time for which an equal event is dropped as a duplicate.',
  },
  'no-cross-namespace-refs': {
    type: 'boolean',
    default: false,
    help: 'Refuse references to objects in other namespaces.',
  },
  'export-http-path-metrics': {
    type: 'boolean',
    default: false,
    help: 'Label HTTP metrics with the full request path.',
  },
} as const;

export const notificationGates = {
  CacheSecretsAndConfigMaps: { default: false, help: 'Keep Secrets and ConfigMaps in memory.', noEffectYet: true },
  DisableConfigWatchers: { default: false, help: 'Do not watch the Secrets that Receivers refer to.' },
  ObjectLevelWorkloadIdentity: {
    default: false,
    help: 'Let objects name the service account of their cloud identity.',
    noEffectYet: true,
  },
} as const;
