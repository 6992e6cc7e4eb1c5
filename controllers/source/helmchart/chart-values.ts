import { type Chart, HelmError, mergeValues, type ValuesFile, withFiles } from '#helm';
import type { HelmChartSpec } from '#crds';

export interface MergedValues {
  readonly chart: Chart;
  /** Names of the files that were merged; those that are missing and may be are not among them. */
  readonly names: readonly string[];
}

/** Values files that change anything: `values.yaml` alone is what the chart has anyway. */
export function wantedValuesFiles({ valuesFiles = [] }: Pick<HelmChartSpec, 'valuesFiles'>): readonly string[] {
  const [first] = valuesFiles;
  return valuesFiles.length === 1 && (first === 'values.yaml' || first === './values.yaml') ? [] : valuesFiles;
}

/**
 * Merges values files into the `values.yaml` of a chart.
 * @param read content of a file; undefined without one
 * @throws HelmError 'badValues'
 */
export async function mergeChartValues(
  chart: Chart,
  names: readonly string[],
  ignoreMissing: boolean,
  read: (name: string) => Promise<Buffer | undefined> | Buffer | undefined,
): Promise<MergedValues> {
  const files: ValuesFile[] = [];
  for (const name of names) {
    const content = await read(name);
    if (content !== undefined) files.push({ name, content });
    else if (!ignoreMissing) throw new HelmError('badValues', `no values file found at path '${name}'`);
  }
  if (files.length === 0) return { chart, names: [] };
  return { chart: withFiles(chart, [['values.yaml', mergeValues(files)]]), names: files.map(({ name }) => name) };
}
