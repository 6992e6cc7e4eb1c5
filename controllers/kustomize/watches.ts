import {
  type Artifact,
  asSource,
  type KindInfo,
  type Kustomization,
  type KubeObject,
  kinds,
  type SourceKind,
  type SubstituteReference,
} from '#crds';
import type { CacheEvent, WatchCache } from '#kube';
import type { Program } from '#runtime';
import { type WakeUps, wokenByConfig, wokenBySource } from './kustomization/wake-on-change.ts';

/** As much of a source as is kept in memory. */
export interface WatchedSource extends KubeObject {
  readonly artifact?: Artifact;
}

interface Wakers {
  kustomizations(): readonly Kustomization[];
  wake(wakeUps: WakeUps, why: string): void;
}

type Watching = Pick<Program<unknown>, 'watch'>;

/** Live copies of the sources, by kind. */
export type SourceCaches = ReadonlyMap<SourceKind, WatchCache<WatchedSource>>;

/** Watches the kinds that a Kustomization can be made of; a new artifact wakes those that are made of it. */
export function watchSources(program: Watching, allowed: readonly SourceKind[], wakers: Wakers): SourceCaches {
  return new Map(allowed.map((name) => [name, watchSourceKind(program, kinds[name], wakers)]));
}

function watchSourceKind(
  program: Watching,
  kind: KindInfo,
  { kustomizations, wake }: Wakers,
): WatchCache<WatchedSource> {
  return program.watch<WatchedSource>(kind, {
    parse: watchedSource,
    onEvent: (event) => {
      if (event.type === 'deleted') return;
      const { name, namespace = '' } = event.object.metadata;
      const before = event.type === 'updated' ? event.previous.artifact : undefined;
      const change = { kind: kind.kind, namespace, name, before, now: event.object.artifact };
      wake(wokenBySource(change, kustomizations()), `${kind.kind}/${namespace}/${name}`);
    },
  });
}

export function watchedSource(object: KubeObject): WatchedSource {
  const { apiVersion, kind, metadata, status } = asSource(object);
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    ...(status?.artifact !== undefined && { artifact: status.artifact }),
  };
}

/** ConfigMaps and Secrets with the watch label: a change wakes the Kustomizations that use them. Their content is not read. */
export function watchConfigs(program: Watching, labelSelector: string, wakers: Wakers): void {
  for (const kind of ['ConfigMap', 'Secret'] as const) {
    const cache = program.watch<KubeObject>(coreKinds[kind], {
      metadataOnly: true,
      labelSelector,
      // At the start every Kustomization is looked at anyway.
      onEvent: (event) => cache.synced && wakeUsers(kind, event, wakers),
    });
  }
}

function wakeUsers(
  kind: SubstituteReference['kind'],
  event: CacheEvent<KubeObject>,
  { kustomizations, wake }: Wakers,
): void {
  const { name, namespace = '' } = event.object.metadata;
  wake(wokenByConfig(kind, namespace, name, kustomizations()), `${kind}/${namespace}/${name}`);
}

function coreKind(kind: string, plural: string): KindInfo {
  const singular = kind.toLowerCase();
  const names = { kind, listKind: `${kind}List`, plural, singular, shortNames: [], categories: [] };
  return { group: '', version: 'v1', apiVersion: 'v1', ...names, namespaced: true };
}

export const serviceAccountKind: KindInfo = coreKind('ServiceAccount', 'serviceaccounts');

export const coreKinds: Readonly<Record<SubstituteReference['kind'], KindInfo>> = {
  ConfigMap: coreKind('ConfigMap', 'configmaps'),
  Secret: coreKind('Secret', 'secrets'),
};
