import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ArtifactCache, openArtifactCache } from '#artifact';
import { asKustomization, type Kustomization, type KustomizationSourceRef, kinds, type SourceKind } from '#crds';
import type { ObjectKey } from '#kube';
import type { Controller, Options, Program } from '#runtime';
import { Clusters } from './access/clusters.ts';
import type { kustomizeFlags, kustomizeGates } from './flags.ts';
import type { KeyStore } from './decrypt/decryption-keys.ts';
import { Claims } from './kustomization/claims.ts';
import { kustomizationController } from './kustomization/controller.ts';
import { DependencyWaits } from './kustomization/dependency-waits.ts';
import type { Deps, Source } from './kustomization/deps.ts';
import { DriftLog } from './kustomization/drift-log.ts';
import { HealthWaits } from './kustomization/health-waits.ts';
import { ManifestBuilder } from './kustomization/manifest-builder.ts';
import type { Settings } from './kustomization/settings.ts';
import type { WakeUps } from './kustomization/wake-on-change.ts';
import {
  coreKinds,
  serviceAccountKind,
  type SourceCaches,
  watchConfigs,
  watchedSource,
  watchSources,
} from './watches.ts';

type KustomizeOptions = Options<typeof kustomizeFlags>;
type Gates = { readonly [K in keyof typeof kustomizeGates]: boolean };
type KustomizeProgram = Program<KustomizeOptions>;

const sourceKinds: readonly SourceKind[] = ['GitRepository', 'OCIRepository', 'Bucket', 'ExternalArtifact'];

/** Unpacked artifacts kept although no run uses them. */
const maxUnusedArtifacts = 10;

/** Characters of manifests that are remembered between runs. */
const maxRememberedManifests = 8 * 1024 * 1024;

/** Characters of source files whose parsed form is kept for other builds. */
const maxParsedFiles = 1024 * 1024;

/** Puts Kustomizations under control. */
export function buildKustomizeProgram(program: KustomizeProgram, gates: Gates): void {
  const wake = (key: string): void => controller.enqueue(key);
  const drifts = new DriftLog(() => performance.now());
  const clusters = openClusters(program, drifts, wake);
  const artifacts = openArtifacts(program);
  const deps: Deps = {
    settings: settingsOf(program.options, gates),
    clusters,
    artifacts,
    manifests: new ManifestBuilder({
      strictSubstitution: gates.StrictPostBuildSubstitutions,
      maxRemembered: maxRememberedManifests,
      maxParsed: maxParsedFiles,
    }),
    dependencyWaits: new DependencyWaits(),
    healthWaits: new HealthWaits(),
    claims: new Claims(),
    drifts,
    terminations: new Map(),
    finished: new WeakMap(),
    findSource: (reference, namespace) =>
      findSource(program, gates.DirectSourceFetch ? undefined : sources, reference, namespace),
    findKustomization: (key) => findKustomization(program, controller, key),
    variablesIn: (namespace) => (kind, name) => program.client.find(coreKinds[kind], { namespace, name }),
    hasServiceAccount: async (namespace, name) =>
      (await program.client.find(serviceAccountKind, { namespace, name }, { metadataOnly: true })) !== undefined,
    keyStore: keyStoreOf(program),
    wake,
  };
  const controller = program.control<Kustomization>(kustomizationController(deps));
  const wakers = {
    kustomizations: () => controller.cache.list(),
    wake: (wakeUps: WakeUps, why: string) => wakeAll(program, wake, wakeUps, why),
  };
  const allowed = sourceKinds.filter((kind) => kind !== 'ExternalArtifact' || gates.ExternalArtifact);
  const sources = watchSources(program, allowed, wakers);
  if (!gates.DisableConfigWatchers) watchConfigs(program, program.options['watch-configs-label-selector'], wakers);
}

function settingsOf(options: KustomizeOptions, gates: Gates): Settings {
  return {
    requeueDependencyMs: options['requeue-dependency'],
    noCrossNamespaceRefs: options['no-cross-namespace-refs'],
    externalArtifact: gates.ExternalArtifact,
    objectLevelWorkloadIdentity: gates.ObjectLevelWorkloadIdentity,
    failFast: !gates.DisableFailFastBehavior,
    additiveReadyExpr: gates.AdditiveCELDependencyCheck,
    tellsCanceledWaits: gates.CancelHealthCheckOnNewRevision,
    groupChangeLog: gates.GroupChangeLog,
    defaultServiceAccount: options['default-service-account'],
  };
}

function keyStoreOf({ client, namespace, options, env }: KustomizeProgram): KeyStore {
  const name = options['sops-age-secret'];
  const { VAULT_TOKEN: token, VAULT_ADDR: server } = env;
  return {
    readSecret: (secretNamespace, secretName) =>
      client.find(coreKinds.Secret, { namespace: secretNamespace, name: secretName }),
    globalAgeSecret: name === '' ? undefined : { namespace, name },
    // The address comes from a file in Git: once the operator has named a server, the token goes nowhere else.
    vaultToken: (address) => (server === undefined || sameOrigin(address, server) ? token : undefined),
  };
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}

const driftDetections = ['watch', 'interval'];

function openClusters(program: KustomizeProgram, drifts: DriftLog, wake: (key: string) => void): Clusters {
  const { client, mapper, options, log } = program;
  const detection = options['drift-detection'];
  if (!driftDetections.includes(detection)) {
    throw new Error(`cannot use --drift-detection="${detection}": expected ${driftDetections.join(' or ')}`);
  }
  const clusters = new Clusters({
    client,
    mapper,
    apply: {
      concurrentSsa: options['concurrent-ssa'],
      overrideManagers: options['override-manager'],
      customStageKinds: options['custom-apply-stage-kinds'],
    },
    defaultServiceAccount: options['default-service-account'],
    allowExec: options['insecure-kubeconfig-exec'],
    allowInsecureTls: options['insecure-kubeconfig-tls'],
    readSecret: (namespace, name) => client.find(coreKinds.Secret, { namespace, name }),
    ...(detection === 'watch' && {
      onDrift: (owner, id, what) => {
        log.debug({ owner, object: id, what }, 'an applied object was changed by someone else');
        if (what === 'deleted') drifts.noteDeleted(owner, id);
        wake(owner);
      },
    }),
    onError: (kind, error) => log.info({ kind, error: String(error) }, 'cannot watch applied objects'),
  });
  program.onStart(() => Promise.resolve(clusters));
  return clusters;
}

/** The folder is ours alone from the moment on at which we lead; what a killed process left in it is removed then. */
function openArtifacts(program: KustomizeProgram): ArtifactCache {
  const { client, namespace, options, env } = program;
  const identity = [client.server, namespace, options['watch-label-selector']].join('\n');
  const name = `kustomize-controller-${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`;
  let opened: ArtifactCache | undefined;
  program.onStart(async () => {
    opened = await openArtifactCache({
      dir: join(tmpdir(), name),
      maxEntries: maxUnusedArtifacts,
      http: { retries: options['http-retry'], hostOverride: env['SOURCE_CONTROLLER_LOCALHOST'] },
    });
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  });
  return {
    acquire(artifact, acquireOptions) {
      if (opened === undefined) throw new Error('cannot acquire an artifact: the program has not started');
      return opened.acquire(artifact, acquireOptions);
    },
  };
}

function keyParts(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Memory first; what is not there is asked for: it may belong to another shard or namespace, or be newer than the watch. */
async function findKustomization(
  program: KustomizeProgram,
  controller: Controller<Kustomization>,
  key: string,
): Promise<Kustomization | undefined> {
  const cached = controller.cache.get(keyParts(key));
  if (cached !== undefined) return cached;
  const found = await program.client.find(kinds.Kustomization, keyParts(key));
  return found === undefined ? undefined : asKustomization(found);
}

async function findSource(
  program: KustomizeProgram,
  caches: SourceCaches | undefined,
  { kind, name }: KustomizationSourceRef,
  namespace: string,
): Promise<Source | undefined> {
  const cached = caches?.get(kind)?.get({ namespace, name });
  if (cached !== undefined) return { artifact: cached.artifact };
  const found = await program.client.find(kinds[kind], { namespace, name });
  return found === undefined ? undefined : { artifact: watchedSource(found).artifact };
}

function wakeAll(program: KustomizeProgram, wake: (key: string) => void, { keys, cycle }: WakeUps, why: string): void {
  if (cycle !== undefined) {
    program.log.error({ source: why }, `circular dependency detected: ${cycle.join(' -> ')}`);
  }
  for (const key of keys) wake(key);
}
