import { commonFlags, shardingFlags } from '#runtime';

/** Flags of source-controller beside the common ones (source spec section 4). */
const ownFlags = {
  'events-addr': {
    type: 'string',
    default: '',
    env: 'EVENTS_ADDR',
    help: 'The address that events are posted to; empty: none.',
  },
  concurrent: { type: 'integer', default: 2, help: 'Objects of each kind that are worked on at the same time.' },
  'storage-path': {
    type: 'string',
    default: '/data',
    env: 'STORAGE_PATH',
    help: 'Folder of the artifacts; it must exist.',
  },
  'storage-addr': {
    type: 'string',
    default: ':9090',
    env: 'STORAGE_ADDRESS',
    help: 'The address that artifacts are served at.',
  },
  'storage-adv-addr': {
    type: 'string',
    default: '',
    env: 'STORAGE_ADV_ADDR',
    help: 'The address of the artifacts as others reach it; empty: made from --storage-addr.',
  },
  'artifact-retention-ttl': {
    type: 'duration',
    default: '1m',
    help: 'Age at which an artifact that is no longer advertised is deleted.',
  },
  'artifact-retention-records': {
    type: 'integer',
    default: 2,
    help: 'Most artifacts kept of an object after a collection.',
  },
  'artifact-digest-algo': {
    type: 'string',
    default: 'sha256',
    help: 'Algorithm of artifact digests: sha256, sha1, sha384, sha512 or blake3.',
  },
  'helm-index-max-size': { type: 'integer', default: 52_428_800, help: 'Most bytes of a Helm index.' },
  'helm-chart-max-size': { type: 'integer', default: 10_485_760, help: 'Most bytes of a Helm chart.' },
  'helm-chart-file-max-size': {
    type: 'integer',
    default: 5_242_880,
    help: 'Most bytes of one file of a Helm chart.',
  },
  'helm-cache-max-size': { type: 'integer', default: 0, help: 'Most cached Helm indexes; 0: none.', noEffectYet: true },
  'helm-cache-ttl': {
    type: 'duration',
    default: '15m',
    help: 'Time for which a Helm index is cached.',
    noEffectYet: true,
  },
  'helm-cache-purge-interval': {
    type: 'duration',
    default: '1m',
    help: 'Time between looks for expired Helm indexes.',
    noEffectYet: true,
  },
  'ssh-kex-algos': {
    type: 'strings',
    default: [],
    help: 'Key exchange algorithms of SSH, in order.',
  },
  'ssh-hostkey-algos': {
    type: 'strings',
    default: [],
    help: 'Host key algorithms of SSH, in order.',
  },
} as const;

export const sourceFlags: typeof commonFlags & typeof shardingFlags & typeof ownFlags = {
  ...commonFlags,
  ...shardingFlags,
  ...ownFlags,
};

export const sourceGates = {
  CacheSecretsAndConfigMaps: { default: false, help: 'Keep Secrets and ConfigMaps in memory.', noEffectYet: true },
  ObjectLevelWorkloadIdentity: {
    default: false,
    help: 'Let objects name the service account of their cloud identity.',
    noEffectYet: true,
  },
} as const;
