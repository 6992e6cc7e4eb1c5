import { type Artifact, artifact } from '../meta/artifact.ts';
import { type CommonStatus, freshStatus, statusFields } from '../meta/status-fields.ts';
import { sourceGroup } from '../meta/well-known.ts';
import {
  ageColumn,
  type CustomResource,
  customResource,
  type Resource,
  readyColumn,
  statusColumn,
} from '../schema/custom-resource.ts';
import { array, boolean, duration, object, oneOf, optional, type Schema, string, text } from '../schema/schema.ts';
import { type ChartVerification, chartVerification } from './verification.ts';

export type HelmChart = Resource<'source.toolkit.fluxcd.io/v1', 'HelmChart', HelmChartSpec, HelmChartStatus>;

export interface HelmChartSpec {
  readonly chart: string;
  readonly version?: string;
  readonly sourceRef: HelmChartSourceRef;
  readonly interval: string;
  readonly reconcileStrategy?: 'ChartVersion' | 'Revision';
  readonly valuesFiles?: readonly string[];
  readonly ignoreMissingValuesFiles?: boolean;
  readonly suspend?: boolean;
  readonly verify?: ChartVerification;
}

export interface HelmChartSourceRef {
  readonly apiVersion?: string;
  readonly kind: 'HelmRepository' | 'GitRepository' | 'Bucket';
  readonly name: string;
}

export interface HelmChartStatus extends CommonStatus {
  readonly artifact?: Artifact;
  readonly url?: string;
  readonly observedSourceArtifactRevision?: string;
  readonly observedChartName?: string;
  readonly observedValuesFiles?: readonly string[];
}

const sourceRef: Schema<HelmChartSourceRef> = object(
  {
    apiVersion: optional(string({ description: 'For readers only: the version is chosen by `kind`.' })),
    kind: oneOf(['HelmRepository', 'GitRepository', 'Bucket'], { description: 'Kind of the source.' }),
    name: string({ description: 'Name of the source, in the namespace of this object.' }),
  },
  { description: 'Where the chart is.' },
);

const spec: Schema<HelmChartSpec> = object(
  {
    chart: string({
      description: 'Name of the chart in a HelmRepository; its folder or file in a GitRepository or Bucket.',
    }),
    version: optional(
      string({
        default: '*',
        description: 'Version of the chart, or a range of versions; of no effect for a GitRepository or Bucket.',
      }),
    ),
    sourceRef,
    interval: duration({ description: 'How often the source is looked at. A little jitter is added.' }),
    reconcileStrategy: optional(
      oneOf(['ChartVersion', 'Revision'], {
        default: 'ChartVersion',
        description:
          'What makes a new chart out of a GitRepository or Bucket: another version in `Chart.yaml`, or any new revision.',
      }),
    ),
    valuesFiles: optional(
      array(text, {
        description:
          'Values files, merged in this order into the `values.yaml` of the chart: in the chart for a HelmRepository, ' +
          'relative to the root of the source otherwise.',
      }),
    ),
    ignoreMissingValuesFiles: optional(boolean({ description: 'Skips values files that are not there.' })),
    suspend: optional(boolean({ description: 'Stops looking for new charts; what is stored stays available.' })),
    verify: optional(chartVerification),
  },
  {
    description: 'Which chart to make available, and how.',
    rules: [
      {
        rule: "!has(self.verify) || self.sourceRef.kind == 'HelmRepository'",
        message: "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
      },
    ],
  },
);

const status: Schema<HelmChartStatus> = object<HelmChartStatus>(
  {
    ...statusFields,
    artifact: optional(artifact),
    url: optional(string({ description: 'Where the newest chart can be downloaded, whatever its version.' })),
    observedSourceArtifactRevision: optional(
      string({ description: 'Revision of the source that the chart was made of.' }),
    ),
    observedChartName: optional(string({ description: 'Name of the chart, from its `Chart.yaml`.' })),
    observedValuesFiles: optional(
      array(text, { description: 'Values files that were found, when missing ones are ignored.' }),
    ),
  },
  { description: 'What was made, and how the last run ended.', default: freshStatus },
);

export const helmChart: CustomResource<HelmChartSpec, HelmChartStatus> = customResource({
  group: sourceGroup,
  version: 'v1',
  kind: 'HelmChart',
  plural: 'helmcharts',
  shortNames: ['hc'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  component: 'source-controller',
  description: 'HelmChart makes one version of a Helm chart available inside the cluster.',
  columns: [
    { name: 'Chart', type: 'string', jsonPath: '.spec.chart' },
    { name: 'Version', type: 'string', jsonPath: '.spec.version' },
    { name: 'Source Kind', type: 'string', jsonPath: '.spec.sourceRef.kind' },
    { name: 'Source Name', type: 'string', jsonPath: '.spec.sourceRef.name' },
    ageColumn,
    readyColumn,
    statusColumn,
  ],
  spec,
  status,
});
