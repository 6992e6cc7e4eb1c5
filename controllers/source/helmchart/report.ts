import type { Artifact, HelmChart } from '#crds';
import type { Outcome } from '#runtime';
import type { SourceAttempt } from '../attempt.ts';
import type { SourceDeps } from '../deps.ts';
import { reportStored, reportUnchanged } from '../report.ts';
import type { BuiltChart } from './built-chart.ts';
import type { StoredChart } from './store-chart.ts';

type Reason = 'ChartPullSucceeded' | 'ChartPackageSucceeded';

export function reportChart(
  attempt: SourceAttempt<HelmChart>,
  chart: BuiltChart,
  { artifact, url }: StoredChart,
  sourceRevision: string | undefined,
): Outcome {
  const reason: Reason = chart.packaged ? 'ChartPackageSucceeded' : 'ChartPullSucceeded';
  const message = summaryOf(chart);
  const { ignoreMissingValuesFiles } = attempt.object.spec;
  return reportStored(attempt, {
    artifact,
    url,
    reason,
    message,
    eventMessage: message,
    eventReasons: { stored: reason, recovered: reason },
    removes: removedConditions(attempt),
    status: {
      observedChartName: chart.name,
      observedSourceArtifactRevision: sourceRevision ?? null,
      observedValuesFiles: ignoreMissingValuesFiles === true && chart.valuesFiles.length > 0 ? chart.valuesFiles : null,
    },
  });
}

/** The stored chart is still the one: reason and message are those of the time when it was made. */
export function reportSameChart(
  attempt: SourceAttempt<HelmChart>,
  artifact: Artifact,
  sourceRevision: string | undefined,
  deps: Pick<SourceDeps, 'store'>,
): Outcome {
  const known = attempt.object.status?.conditions?.find(({ type }) => type === 'ArtifactInStorage');
  const name = attempt.object.status?.observedChartName ?? '';
  const reason = known?.reason ?? 'ChartPullSucceeded';
  const message = known?.message ?? `pulled '${name}' chart with version '${artifact.revision}'`;
  return reportUnchanged(attempt, deps.store, {
    artifact,
    reason,
    message,
    eventMessage: message,
    eventReasons: { stored: reason, recovered: reason },
    removes: removedConditions(attempt),
    status: { observedSourceArtifactRevision: sourceRevision ?? null },
  });
}

/** `packaged 'app' chart with version '1.2.3+4' and merged values files [a.yaml b.yaml]`. */
export function summaryOf({ name, version, packaged, valuesFiles }: Omit<BuiltChart, 'archive'>): string {
  const values = valuesFiles.length === 0 ? '' : ` and merged values files [${valuesFiles.join(' ')}]`;
  return `${packaged ? 'packaged' : 'pulled'} '${name}' chart with version '${version}'${values}`;
}

function removedConditions({ object }: SourceAttempt<HelmChart>): readonly string[] {
  return object.spec.verify === undefined ? ['SourceVerified'] : [];
}
