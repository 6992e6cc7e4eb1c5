import type { KubeObject } from '#crds';
import { equalJson } from '#kube';
import { withoutIgnored } from './ignored-fields.ts';
import { at, isJsonObject } from './json.ts';
import type { FieldPath } from './json-pointer.ts';

/**
 * Whether applying would change the object: live against the answer of a dry-run, which carries the API server's defaults.
 * Of the metadata only labels and annotations count; status never does (trap 18).
 */
export function hasDrifted(before: KubeObject, after: KubeObject, ignored: readonly FieldPath[] = []): boolean {
  const live = withoutIgnored(before, ignored);
  const dryRun = withoutIgnored(after, ignored);
  return (
    !equalMaps(live.metadata.labels, dryRun.metadata.labels) ||
    !equalMaps(live.metadata.annotations, dryRun.metadata.annotations) ||
    !equalJson(comparable(live), comparable(dryRun))
  );
}

function equalMaps(
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  return equalJson(a ?? {}, b ?? {});
}

function comparable(object: KubeObject): Readonly<Record<string, unknown>> {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return object.kind === 'HorizontalPodAutoscaler' ? withoutRepeatedMetrics(rest) : rest;
}

/** Server-side apply can answer with the same metric twice, where the live object has it once. */
function withoutRepeatedMetrics(autoscaler: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const metrics = at(autoscaler, 'spec', 'metrics');
  const spec = autoscaler['spec'];
  if (!Array.isArray(metrics) || !isJsonObject(spec)) return autoscaler;
  const unique = metrics.filter((metric, index) => metrics.findIndex((other) => equalJson(metric, other)) === index);
  return { ...autoscaler, spec: { ...spec, metrics: unique } };
}
