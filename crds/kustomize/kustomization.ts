import { kustomizeGroup } from '../meta/well-known.ts';
import {
  ageColumn,
  type CustomResource,
  customResource,
  readyColumn,
  statusColumn,
} from '../schema/custom-resource.ts';
import { spec } from './spec.ts';
import { status } from './status.ts';
import type { KustomizationSpec, KustomizationStatus } from './types.ts';

export const kustomization: CustomResource<KustomizationSpec, KustomizationStatus> = customResource({
  group: kustomizeGroup,
  version: 'v1',
  kind: 'Kustomization',
  plural: 'kustomizations',
  shortNames: ['ks'],
  categories: ['all', 'fluxcd', 'fluxcd-appliers'],
  component: 'kustomize-controller',
  description: 'Kustomization builds a folder of a source and keeps the cluster equal to the result.',
  columns: [ageColumn, readyColumn, statusColumn],
  spec,
  status,
});
