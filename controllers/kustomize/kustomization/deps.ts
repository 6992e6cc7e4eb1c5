import type { ArtifactCache } from '#artifact';
import type { Artifact, Kustomization, KustomizationSourceRef } from '#crds';
import type { Run } from '#runtime';
import type { Access } from '../access/clusters.ts';
import type { KeyStore } from '../decrypt/decryption-keys.ts';
import type { VariableReader } from '../substitute/variables.ts';
import type { Claims } from './claims.ts';
import type { DependencyWaits } from './dependency-waits.ts';
import type { DriftLog } from './drift-log.ts';
import type { Terminations } from './finalize.ts';
import type { HealthWaits } from './health-waits.ts';
import type { ManifestBuilder } from './manifest-builder.ts';
import type { Settings } from './settings.ts';

/** What of a source matters here. */
export interface Source {
  readonly artifact: Artifact | undefined;
}

export interface Finished {
  /** Since the first of the runs that this one went on with, in milliseconds. */
  readonly ms: number;
  /** Of its event. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The clusters that Kustomizations apply to. */
export interface ClusterDoor {
  /** @throws AccessError */
  open(kustomization: Kustomization, signal?: AbortSignal): Promise<Access>;
  stopWaits(key: string): void;
  forget(owner: { readonly name: string; readonly namespace: string }): void;
  release(key: string): void;
}

/** What the steps of a run work with. */
export interface Deps {
  readonly settings: Settings;
  readonly clusters: ClusterDoor;
  readonly artifacts: ArtifactCache;
  readonly manifests: ManifestBuilder;
  readonly dependencyWaits: DependencyWaits;
  readonly healthWaits: HealthWaits;
  readonly claims: Claims;
  readonly drifts: DriftLog;
  readonly terminations: Terminations;
  /** What is told of a run that got a Kustomization ready. */
  readonly finished: WeakMap<Run<Kustomization>, Finished>;
  /** Undefined: there is none. Reads as the controller, whoever the objects are applied as. */
  findSource(reference: KustomizationSourceRef, namespace: string): Promise<Source | undefined>;
  /** @param key `namespace/name` */
  findKustomization(key: string): Promise<Kustomization | undefined>;
  /** Reads the ConfigMaps and Secrets of a namespace. */
  variablesIn(namespace: string): VariableReader;
  /** Whether a ServiceAccount is there, on the cluster of the controller. */
  hasServiceAccount(namespace: string, name: string): Promise<boolean>;
  readonly keyStore: KeyStore;
  /** Asks for another run of a Kustomization, soon. */
  wake(key: string): void;
}
