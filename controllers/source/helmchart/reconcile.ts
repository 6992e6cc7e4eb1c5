import type { HelmChart } from '#crds';
import type { Outcome, Run } from '#runtime';
import { SourceAttempt } from '../attempt.ts';
import { checkStorage } from '../check-storage.ts';
import type { SourceDeps } from '../deps.ts';
import { announceRun, refuseUnsupported } from '../refuse-unsupported.ts';
import { buildFromFolder } from './build-from-folder.ts';
import { buildFromRepository } from './build-from-repository.ts';
import { reportChart, reportSameChart } from './report.ts';
import { resolveChartSource } from './resolve-source.ts';
import { storeChart } from './store-chart.ts';

/** One look at one HelmChart, in the order of source spec 2.2 and 3.5. */
export async function reconcileHelmChart(object: HelmChart, run: Run<HelmChart>, deps: SourceDeps): Promise<Outcome> {
  refuseUnsupported(object);
  announceRun(run);
  const artifact = await run.step('CheckStorage', () => checkStorage(run, deps));
  const attempt = new SourceAttempt(run, artifact);
  const source = await run.step('ResolveSource', () => resolveChartSource(attempt, deps));
  const result = await run.step('BuildChart', () =>
    source.kind === 'folder'
      ? buildFromFolder(attempt, source.artifact, deps)
      : buildFromRepository(attempt, source, deps),
  );
  const observed = source.artifact?.revision;
  if (result.kind === 'unchanged' && artifact !== undefined) return reportSameChart(attempt, artifact, observed, deps);
  if (result.kind === 'unchanged') throw new Error('cannot keep a chart that is not stored'); // isStored asks for an artifact
  const stored = await run.step('StoreChart', () => storeChart(attempt, result.chart, deps));
  return reportChart(attempt, result.chart, stored, observed);
}
