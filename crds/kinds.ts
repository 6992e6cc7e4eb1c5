import { kustomization } from './kustomize/kustomization.ts';
import type { Kustomization } from './kustomize/types.ts';
import type { KubeObject } from './meta/object.ts';
import { type Alert, alert } from './notification/alert.ts';
import { type Provider, provider } from './notification/provider.ts';
import { type Receiver, receiver } from './notification/receiver.ts';
import type { AnySchema } from './schema/schema.ts';
import type { KindInfo, PrinterColumn } from './schema/custom-resource.ts';
import { unsupportedFieldsOf } from './schema/unsupported-fields.ts';
import { type Bucket, bucket } from './source/bucket.ts';
import { type ExternalArtifact, externalArtifact } from './source/external-artifact.ts';
import { type GitRepository, gitRepository } from './source/git-repository.ts';
import { type HelmChart, helmChart } from './source/helm-chart.ts';
import { type HelmRepository, helmRepository } from './source/helm-repository.ts';
import { type OCIRepository, ociRepository } from './source/oci-repository.ts';

export type KindName =
  | 'GitRepository'
  | 'OCIRepository'
  | 'Bucket'
  | 'HelmRepository'
  | 'HelmChart'
  | 'ExternalArtifact'
  | 'Kustomization'
  | 'Alert'
  | 'Provider'
  | 'Receiver';

/** A kind for those who walk its schema: printers, `unsupportedFields`. */
export interface AnyCustomResource extends KindInfo {
  readonly description: string;
  readonly component: string;
  readonly columns: readonly PrinterColumn[];
  readonly spec: AnySchema;
  readonly status?: AnySchema;
}

/** Every kind that is installed, in the order in which they are printed. */
export const kinds: Readonly<Record<KindName, AnyCustomResource>> = {
  GitRepository: gitRepository,
  OCIRepository: ociRepository,
  Bucket: bucket,
  HelmRepository: helmRepository,
  HelmChart: helmChart,
  ExternalArtifact: externalArtifact,
  Kustomization: kustomization,
  Alert: alert,
  Provider: provider,
  Receiver: receiver,
};

/**
 * Takes an object from the API server, which has validated it against the schema, for what it says it is.
 * @throws TypeError when it is of another kind or version, or lacks its name or spec
 */
export function asGitRepository(object: unknown): GitRepository {
  // The cast rests on the check and on the API server's own validation; so in the functions below.
  return checked(object, kinds.GitRepository) as GitRepository;
}

export function asOCIRepository(object: unknown): OCIRepository {
  return checked(object, kinds.OCIRepository) as OCIRepository;
}

export function asBucket(object: unknown): Bucket {
  return checked(object, kinds.Bucket) as Bucket;
}

export function asHelmRepository(object: unknown): HelmRepository {
  return checked(object, kinds.HelmRepository) as HelmRepository;
}

export function asHelmChart(object: unknown): HelmChart {
  return checked(object, kinds.HelmChart) as HelmChart;
}

export function asExternalArtifact(object: unknown): ExternalArtifact {
  return checked(object, kinds.ExternalArtifact) as ExternalArtifact;
}

const asSourceKinds = {
  GitRepository: asGitRepository,
  OCIRepository: asOCIRepository,
  Bucket: asBucket,
  ExternalArtifact: asExternalArtifact,
} as const;

/** An object of any kind that a Kustomization can be made of. */
export function asSource(object: KubeObject): GitRepository | OCIRepository | Bucket | ExternalArtifact {
  for (const [kind, parse] of Object.entries(asSourceKinds)) if (object.kind === kind) return parse(object);
  throw new TypeError(`cannot take an object for a source: it is "${object.kind}"`);
}

export function asKustomization(object: unknown): Kustomization {
  return checked(object, kinds.Kustomization) as Kustomization;
}

export function asAlert(object: unknown): Alert {
  return checked(object, kinds.Alert) as Alert;
}

export function asProvider(object: unknown): Provider {
  return checked(object, kinds.Provider) as Provider;
}

export function asReceiver(object: unknown): Receiver {
  return checked(object, kinds.Receiver) as Receiver;
}

function checked(object: unknown, kind: KindInfo): KubeObject {
  const cannotTake = (what: string): TypeError => new TypeError(`cannot take an object for a ${kind.kind}: ${what}`);
  if (!isRecord(object)) throw cannotTake(`it is ${typeof object}, expected an object`);
  const { apiVersion, kind: name, metadata, spec } = object;
  if (apiVersion !== kind.apiVersion || name !== kind.kind) {
    throw cannotTake(`it is "${String(apiVersion)}, ${String(name)}", expected "${kind.apiVersion}, ${kind.kind}"`);
  }
  if (!isRecord(metadata) || typeof metadata.name !== 'string') throw cannotTake('metadata.name is missing');
  if (!isRecord(spec)) throw cannotTake(`${metadata.name} has no spec`);
  return object as unknown as KubeObject;
}

/**
 * The fields of one of our objects that are set although this release does not act on them, such as
 * `['spec.verify', 'spec.sourceRef.kind "Bucket"']`; empty when everything is honoured.
 */
export function unsupportedFields(object: KubeObject): readonly string[] {
  const kind = Object.values(kinds).find(
    (known) => known.kind === object.kind && known.apiVersion === object.apiVersion,
  );
  return kind ? unsupportedFieldsOf(kind.spec, object['spec'], 'spec') : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
