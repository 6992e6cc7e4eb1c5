import type { HelmChart } from '#crds';
import { type CacheEvent, keyString, objectKey } from '#kube';
import type { StoringObject } from '../check-storage.ts';

/**
 * Keys of the charts that a change of a source concerns: it has an artifact of a revision that they were not made of (source spec
 * 2.1). Unlike Flux, only charts of the same namespace are looked at.
 */
export function chartsToWake(event: CacheEvent<StoringObject>, charts: readonly HelmChart[]): readonly string[] {
  if (event.type !== 'updated') return [];
  const { kind, metadata, status } = event.object;
  const revision = status?.artifact?.revision;
  const before = event.previous.status?.artifact;
  const isRepacked = before?.digest !== status?.artifact?.digest;
  if (revision === undefined || (before?.revision === revision && !isRepacked)) return [];
  return charts
    .filter((chart) => {
      const { sourceRef } = chart.spec;
      const isMadeOf = sourceRef.kind === kind && sourceRef.name === metadata.name;
      const isNear = chart.metadata.namespace === metadata.namespace;
      return isMadeOf && isNear && (isRepacked || chart.status?.observedSourceArtifactRevision !== revision);
    })
    .map((chart) => keyString(objectKey(chart)));
}
