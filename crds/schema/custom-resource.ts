import type { KubeObject } from '../meta/object.ts';
import type { Schema } from './schema.ts';

/** A column of `kubectl get`, in the order of the list. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
}

/** How the API server names a kind. */
export interface KindInfo {
  readonly group: string;
  readonly version: string;
  /** `group/version`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: true;
}

/** A kind with everything that is printed of it. Only one version of each kind is served, and it is the stored one. */
export interface CustomResource<Spec, Status> extends KindInfo {
  /** One sentence; the first line of `kubectl explain`. */
  readonly description: string;
  /** The controller whose Deployment brings the CRD: its `app.kubernetes.io/component`. */
  readonly component: string;
  readonly columns: readonly PrinterColumn[];
  readonly spec: Schema<Spec>;
  /** Absent for kinds that have no status subresource. */
  readonly status?: Schema<Status>;
}

interface Definition<Spec, Status>
  extends Omit<CustomResource<Spec, Status>, 'apiVersion' | 'listKind' | 'singular' | 'namespaced' | 'shortNames'> {
  readonly shortNames?: readonly string[];
}

/** Completes the names of a kind: list kind, singular and apiVersion follow from the rest. */
export function customResource<Spec, Status = never>(
  definition: Definition<Spec, Status>,
): CustomResource<Spec, Status> {
  const { group, version, kind } = definition;
  return {
    ...definition,
    apiVersion: `${group}/${version}`,
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames: definition.shortNames ?? [],
    namespaced: true,
  };
}

const readyCondition = '.status.conditions[?(@.type=="Ready")]';

export const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
export const readyColumn: PrinterColumn = { name: 'Ready', type: 'string', jsonPath: `${readyCondition}.status` };
export const statusColumn: PrinterColumn = { name: 'Status', type: 'string', jsonPath: `${readyCondition}.message` };

/** An object of a kind, as the API server hands it over. */
export interface Resource<ApiVersion extends string, Kind extends string, Spec, Status> extends KubeObject {
  readonly apiVersion: ApiVersion;
  readonly kind: Kind;
  readonly spec: Spec;
  readonly status?: Status;
}
