import { asBucket, type Bucket, kinds, parseGoDuration } from '#crds';
import type { KindController } from '#runtime';
import type { SourceDeps } from '../deps.ts';
import { removeArtifacts } from '../finalize.ts';
import { conditionTypes } from './conditions.ts';
import { reconcileBucket } from './reconcile.ts';

/** What the runtime has to know of Buckets. */
export function bucketController(deps: SourceDeps): KindController<Bucket> {
  return {
    kind: kinds.Bucket,
    fieldManager: 'source-controller',
    conditionTypes,
    parse: asBucket,
    isSuspended: ({ spec }) => spec.suspend === true,
    observesSuspended: 'withConditions',
    intervalMs: ({ spec }) => parseGoDuration(spec.interval),
    reconcile: (bucket, run) => reconcileBucket(bucket, run, deps),
    finalize: (bucket, run) => removeArtifacts(bucket, run, deps),
  };
}
