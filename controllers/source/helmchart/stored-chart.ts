import type { HelmChart } from '#crds';
import type { SourceAttempt } from '../attempt.ts';

/** Whether the stored chart is this one, made for this spec: another spec builds anew, whatever the version says. */
export function isStored({ object, artifact }: SourceAttempt<HelmChart>, name: string, version: string): boolean {
  const { status, metadata } = object;
  return (
    artifact?.revision === version &&
    status?.observedChartName === name &&
    status.observedGeneration === metadata.generation
  );
}
