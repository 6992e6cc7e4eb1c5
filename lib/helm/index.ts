export {
  bundledCharts,
  type Chart,
  type ChartDependency,
  type ChartMetadata,
  chartOf,
  withFiles,
  withVersion,
} from './chart.ts';
export { type ChartLimits, packChart, readChartArchive } from './chart-archive.ts';
export { readChartFolder } from './chart-folder.ts';
export { HelmError, type HelmErrorCode } from './helm-error.ts';
export { mergeValues, type ValuesFile } from './merge-values.ts';
export {
  type ChartVersion,
  findVersion,
  parseIndex,
  pickVersion,
  printIndex,
  type RepositoryIndex,
} from './repository-index.ts';
