import { type Artifact, artifact } from '../meta/artifact.ts';
import type { Condition } from '../meta/condition.ts';
import { type NamespacedObjectKindReference, namespacedObjectKindReference } from '../meta/references.ts';
import { statusFields } from '../meta/status-fields.ts';
import { sourceGroup } from '../meta/well-known.ts';
import {
  ageColumn,
  type CustomResource,
  customResource,
  type Resource,
  readyColumn,
  statusColumn,
} from '../schema/custom-resource.ts';
import { described, object, optional, type Schema } from '../schema/schema.ts';

export type ExternalArtifact = Resource<
  'source.toolkit.fluxcd.io/v1',
  'ExternalArtifact',
  ExternalArtifactSpec,
  ExternalArtifactStatus
>;

export interface ExternalArtifactSpec {
  readonly sourceRef?: NamespacedObjectKindReference;
}

/** Written by whoever makes the artifact; source-controller never touches it. */
export interface ExternalArtifactStatus {
  readonly artifact?: Artifact;
  readonly conditions?: readonly Condition[];
}

const spec: Schema<ExternalArtifactSpec> = object(
  {
    sourceRef: optional(
      described(namespacedObjectKindReference, { description: 'What the artifact is made of, for readers.' }),
    ),
  },
  { description: 'Where the artifact comes from.' },
);

const status: Schema<ExternalArtifactStatus> = object<ExternalArtifactStatus>(
  { artifact: optional(artifact), conditions: statusFields.conditions },
  { description: 'What the producer of the artifact says of it.' },
);

export const externalArtifact: CustomResource<ExternalArtifactSpec, ExternalArtifactStatus> = customResource({
  group: sourceGroup,
  version: 'v1',
  kind: 'ExternalArtifact',
  plural: 'externalartifacts',
  shortNames: ['ea'],
  categories: ['all', 'fluxcd', 'fluxcd-sources'],
  component: 'source-controller',
  description: 'ExternalArtifact is an artifact that another controller stores and serves.',
  columns: [ageColumn, readyColumn, statusColumn, { name: 'Source', type: 'string', jsonPath: '.spec.sourceRef.name' }],
  spec,
  status,
});
