import { commonFlags, shardingFlags } from '#runtime';

/** Flags of kustomize-controller beside the common ones (spec A14). */
const ownFlags = {
  'events-addr': {
    type: 'string',
    default: '',
    env: 'EVENTS_ADDR',
    help: 'The address that events are posted to; empty: none.',
  },
  concurrent: { type: 'integer', default: 4, help: 'Kustomizations that are worked on at the same time.' },
  'concurrent-ssa': { type: 'integer', default: 4, help: 'Dry-runs at the same time within one Kustomization.' },
  'http-retry': { type: 'integer', default: 9, help: 'How often a download of an artifact is tried again.' },
  'no-cross-namespace-refs': {
    type: 'boolean',
    default: false,
    help: 'Refuse sources of another namespace than the Kustomization.',
  },
  'drift-detection': {
    type: 'string',
    default: 'watch',
    help: 'When changes by others are noticed: watch (within seconds) or interval (as in Flux).',
  },
  'no-remote-bases': {
    type: 'boolean',
    default: false,
    help: 'Refuse remote bases. They are always refused as yet.',
    noEffectYet: true,
  },
  'override-manager': {
    type: 'strings',
    default: [],
    help: 'Further field manager whose fields are taken over; may be repeated.',
  },
  'custom-apply-stage-kinds': {
    type: 'strings',
    default: [],
    help: 'Kinds that are applied before the others, as <group>/<kind>; may be repeated.',
  },
  'default-decryption-service-account': {
    type: 'string',
    default: '',
    help: 'Service account whose workload identity opens cloud keys where a Kustomization names none.',
    noEffectYet: true,
  },
  'default-kubeconfig-service-account': {
    type: 'string',
    default: '',
    help: 'Service account whose workload identity opens remote clusters where a kubeconfig names none.',
    noEffectYet: true,
  },
  'sops-age-secret': {
    type: 'string',
    default: '',
    help: 'Secret in the namespace of the controller with age keys for Kustomizations whose decryption names no Secret.',
  },
  'sops-vault-configmap': {
    type: 'string',
    default: '',
    help: 'ConfigMap in the namespace of the controller that names Vault instances.',
    noEffectYet: true,
  },
  'insecure-kubeconfig-exec': {
    type: 'boolean',
    default: false,
    help: 'Allow kubeconfigs to run programs.',
  },
  'insecure-kubeconfig-tls': {
    type: 'boolean',
    default: false,
    help: 'Allow kubeconfigs to skip the verification of certificates.',
  },
} as const;

/** Every flag of Flux's kustomize-controller, with its default. */
export const kustomizeFlags: typeof commonFlags & typeof shardingFlags & typeof ownFlags = {
  ...commonFlags,
  ...shardingFlags,
  ...ownFlags,
};

/** Feature gates with Flux's names and defaults (spec A13). */
export const kustomizeGates = {
  CacheSecretsAndConfigMaps: { default: false, help: 'Keep Secrets and ConfigMaps in memory.', noEffectYet: true },
  DisableStatusPollerCache: {
    default: true,
    help: 'Read live objects for health; watches do that here.',
    noEffectYet: true,
  },
  DisableFailFastBehavior: { default: false, help: 'Wait for all objects even if one has failed.' },
  StrictPostBuildSubstitutions: { default: true, help: 'Fail when a variable without default is not set.' },
  GroupChangeLog: { default: false, help: 'Group the log of applied objects by action.' },
  AdditiveCELDependencyCheck: { default: false, help: 'Run the built-in check of a dependency after readyExpr.' },
  ExternalArtifact: { default: false, help: 'Allow sources of the kind ExternalArtifact.' },
  CancelHealthCheckOnNewRevision: {
    default: false,
    help: 'Send an event when a new revision ends health checks; it always ends them here.',
  },
  DisableConfigWatchers: { default: false, help: 'Do not watch ConfigMaps and Secrets.' },
  DirectSourceFetch: { default: false, help: 'Read sources from the API server, not from memory.' },
  MigrateAPIVersion: { default: false, help: 'Rewrite stale API versions in managed fields.', noEffectYet: true },
  ObjectLevelWorkloadIdentity: { default: false, help: 'Allow workload identity per object.' },
} as const;
