import { asHelmChart, type HelmChart, kinds, parseGoDuration } from '#crds';
import type { KindController } from '#runtime';
import type { SourceDeps } from '../deps.ts';
import { removeArtifacts } from '../finalize.ts';
import { conditionTypes } from './conditions.ts';
import { reconcileHelmChart } from './reconcile.ts';

/** What the runtime has to know of HelmCharts. */
export function helmChartController(deps: SourceDeps): KindController<HelmChart> {
  return {
    kind: kinds.HelmChart,
    fieldManager: 'source-controller',
    conditionTypes,
    parse: asHelmChart,
    isSuspended: ({ spec }) => spec.suspend === true,
    observesSuspended: 'withConditions',
    intervalMs: ({ spec }) => parseGoDuration(spec.interval),
    reconcile: (chart, run) => reconcileHelmChart(chart, run, deps),
    finalize: (chart, run) => removeArtifacts(chart, run, deps),
  };
}
