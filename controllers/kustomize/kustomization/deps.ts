import type { ApplyEngine, LiveObjects } from '#apply';
import type { ArtifactCache } from '#artifact';
import type { Artifact, Kustomization, KustomizationSourceRef } from '#crds';
import type { Run } from '#runtime';
import type { KeyStore } from '../decrypt/decryption-keys.ts';
import type { VariableReader } from '../substitute/variables.ts';
import type { Claims } from './claims.ts';
import type { DependencyWaits } from './dependency-waits.ts';
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

/** What the steps of a run work with. */
export interface Deps {
  readonly settings: Settings;
  readonly engine: ApplyEngine;
  readonly live: LiveObjects;
  readonly artifacts: ArtifactCache;
  readonly manifests: ManifestBuilder;
  readonly dependencyWaits: DependencyWaits;
  readonly healthWaits: HealthWaits;
  readonly claims: Claims;
  readonly terminations: Terminations;
  /** What is told of a run that got a Kustomization ready. */
  readonly finished: WeakMap<Run<Kustomization>, Finished>;
  /** Undefined: there is none. Reads as the controller, whoever the objects are applied as. */
  findSource(reference: KustomizationSourceRef, namespace: string): Promise<Source | undefined>;
  /** @param key `namespace/name` */
  findKustomization(key: string): Promise<Kustomization | undefined>;
  /** Reads the ConfigMaps and Secrets of a namespace. */
  variablesIn(namespace: string): VariableReader;
  readonly keyStore: KeyStore;
  /** Asks for another run of a Kustomization, soon. */
  wake(key: string): void;
}
