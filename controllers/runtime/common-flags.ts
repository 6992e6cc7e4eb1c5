/** Flags that the three controllers share, with Flux's names and defaults (spec A14). */
export const commonFlags = {
  'metrics-addr': {
    type: 'string',
    default: ':8080',
    env: 'METRICS_ADDR',
    help: 'The address the metric endpoint binds to.',
  },
  'health-addr': {
    type: 'string',
    default: ':9440',
    env: 'HEALTH_ADDR',
    help: 'The address the health endpoint binds to.',
  },
  'log-level': { type: 'string', default: 'info', help: 'Lowest level that is logged: trace, debug, info or error.' },
  'log-encoding': { type: 'string', default: 'json', help: 'Form of the log lines: json or console.' },
  'enable-leader-election': {
    type: 'boolean',
    default: false,
    help: 'Work only while holding the Lease, so that one replica at a time is active.',
  },
  'leader-election-release-on-cancel': { type: 'boolean', default: true, help: 'Give the Lease back at shutdown.' },
  'leader-election-lease-duration': {
    type: 'duration',
    default: '35s',
    help: 'Time after which another replica may take an abandoned Lease.',
  },
  'leader-election-renew-deadline': {
    type: 'duration',
    default: '30s',
    help: 'Time for which the leader tries to renew the Lease before it gives up.',
  },
  'leader-election-retry-period': {
    type: 'duration',
    default: '5s',
    help: 'Time between tries to take or renew the Lease.',
  },
  'watch-all-namespaces': {
    type: 'boolean',
    default: true,
    help: 'Watch all namespaces; false: only the one of RUNTIME_NAMESPACE.',
  },
  'watch-configs-label-selector': {
    type: 'string',
    default: 'reconcile.fluxcd.io/watch=Enabled',
    help: 'Label selector of the ConfigMaps and Secrets whose changes are acted upon at once.',
  },
  'min-retry-delay': {
    type: 'duration',
    default: '750ms',
    help: 'First delay of the exponential back-off after a failure.',
  },
  'max-retry-delay': { type: 'duration', default: '15m', help: 'Longest delay of the exponential back-off.' },
  'kube-api-qps': {
    type: 'integer',
    default: 50,
    help: 'Requests per second to an API server without priority and fairness.',
  },
  'kube-api-burst': {
    type: 'integer',
    default: 300,
    help: 'Burst of requests to an API server without priority and fairness.',
  },
  'feature-gates': { type: 'string', default: '', help: 'Comma-separated list of <gate>=<true|false>.' },
  'default-service-account': {
    type: 'string',
    default: '',
    help: 'ServiceAccount, in the namespace of the object, whose rights count where an object names none (kustomize-controller).',
  },
  'token-cache-max-size': { type: 'integer', default: 100, help: 'Most cloud access tokens kept.', noEffectYet: true },
  'token-cache-max-duration': {
    type: 'duration',
    default: '1h',
    help: 'Longest time a cloud access token is kept.',
    noEffectYet: true,
  },
} as const;

/** Of source-controller and kustomize-controller only. */
export const shardingFlags = {
  'watch-label-selector': {
    type: 'string',
    default: '',
    help: 'Label selector of the objects to reconcile (sharding), as sharding.fluxcd.io/key=shard1.',
  },
  'interval-jitter-percentage': { type: 'integer', default: 5, help: 'Jitter of the interval, in percent (0 to 99).' },
  'requeue-dependency': {
    type: 'duration',
    default: '30s',
    help: 'Time after which an unmet dependency is looked at again at the latest.',
  },
} as const;
