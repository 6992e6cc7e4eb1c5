import { hash } from 'node:crypto';
import type { CommonMetadata, KubeObject, ObjectMeta } from '#crds';
import type { ObjectId, Owner } from './contract.ts';
import { at, copyJson, isJsonObject, isMutable, listAt, type Mutable } from './json.ts';
import { withoutIgnored } from './ignored-fields.ts';
import type { FieldPath } from './json-pointer.ts';
import { objectId } from './object-id.ts';
import { ownerLabels } from './switches.ts';

/** An object as it is sent, and the digest of that. */
export interface Desired {
  readonly id: ObjectId;
  readonly object: KubeObject;
  /** Of the object without the fields that are ignored. */
  readonly digest: string;
  /** Fields that others may change. */
  readonly ignored: readonly FieldPath[];
}

/** Groups whose types Flux's client knows, and therefore reads and writes by type. */
const typedGroups = new Set([
  '',
  'admissionregistration.k8s.io',
  'apps',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'extensions',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

/** Whether unknown fields of this kind are dropped instead of refused, as a typed client does. */
export function isTyped(id: ObjectId): boolean {
  if (id.kind === 'Role' || id.kind === 'ClusterRole') return false; // nil and empty rule lists mean different things
  return typedGroups.has(id.group);
}

/**
 * The object as Flux sends it: owner labels set, what the server writes itself removed, what server-side apply needs as list
 * keys filled in, common metadata over everything.
 */
export function desiredObject(
  source: KubeObject,
  owner: Owner,
  common: CommonMetadata | undefined,
  ignored: readonly FieldPath[] = [],
): Desired {
  const id = objectId(source);
  const object = copyJson(source, isTyped(id)) as Mutable; // a copy of an object is an object
  const metadata = isMutable(object['metadata']) ? object['metadata'] : {};
  object['metadata'] = metadata;
  delete metadata['creationTimestamp'];
  delete metadata['managedFields'];
  if (id.kind !== 'CustomResourceDefinition') delete object['status'];
  metadata['labels'] = { ...textMap(metadata['labels']), ...ownerLabels(owner), ...common?.labels };
  if (common?.annotations !== undefined) {
    metadata['annotations'] = { ...textMap(metadata['annotations']), ...common.annotations };
  }
  normaliseKind(object, source, id);
  return digested(id, object as KubeObject & { metadata: ObjectMeta }, ignored);
}

/** The same for an object of a cluster-scoped kind whose manifest names a namespace. */
export function clusterScoped({ object, ignored }: Desired, id: ObjectId): Desired {
  const { namespace: _dropped, ...metadata } = object.metadata;
  return digested(id, { ...object, metadata }, ignored);
}

function digested(id: ObjectId, object: KubeObject, ignored: readonly FieldPath[]): Desired {
  const text = JSON.stringify(withoutIgnored(object, ignored));
  return { id, object, digest: hash('sha1', text, 'base64'), ignored };
}

/** Label values that YAML read as numbers or booleans become text: Flux drops all labels of such an object (trap 47). */
function textMap(value: unknown): Mutable {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      typeof item === 'number' || typeof item === 'boolean' || typeof item === 'bigint' ? String(item) : (item ?? ''),
    ]),
  );
}

/** Where a pod is described in each kind that describes pods. */
const podSpecPaths: ReadonlyMap<string, readonly string[]> = new Map([
  ['Pod', ['spec']],
  ['PodTemplate', ['template', 'spec']],
  ['Deployment', ['spec', 'template', 'spec']],
  ['StatefulSet', ['spec', 'template', 'spec']],
  ['DaemonSet', ['spec', 'template', 'spec']],
  ['ReplicaSet', ['spec', 'template', 'spec']],
  ['ReplicationController', ['spec', 'template', 'spec']],
  ['Job', ['spec', 'template', 'spec']],
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
]);

function normaliseKind(object: Mutable, source: KubeObject, id: ObjectId): void {
  if (id.group === 'apiextensions.k8s.io' && id.kind === 'CustomResourceDefinition') dropInvalidCaBundle(object);
  if (!typedGroups.has(id.group)) return;
  const podSpecPath = podSpecPaths.get(id.kind);
  if (podSpecPath !== undefined) {
    const podSpec = at(object, ...podSpecPath);
    for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
      for (const container of listAt(podSpec, list)) setProtocol(listAt(container, 'ports'));
    }
  }
  if (id.group !== '') return;
  if (id.kind === 'Service') setProtocol(listAt(object, 'spec', 'ports'));
  if (id.kind === 'Secret') encodeStringData(object);
  if (id.kind === 'ConfigMap') keepEmptyValues(object, source);
}

/** The protocol is part of the key of a port: without it server-side apply sees two ports where there is one. */
function setProtocol(ports: readonly unknown[]): void {
  for (const port of ports) if (isMutable(port)) port['protocol'] ??= 'TCP';
}

/** `stringData` is written only: kept, it would differ from the live object for ever. */
function encodeStringData(secret: Mutable): void {
  const { stringData } = secret;
  if (stringData === undefined) return;
  delete secret['stringData'];
  if (!isJsonObject(stringData)) return;
  const data: Mutable = isMutable(secret['data']) ? secret['data'] : {};
  for (const [key, value] of Object.entries(stringData)) {
    data[key] = typeof value === 'string' ? Buffer.from(value).toString('base64') : value;
  }
  secret['data'] = data;
}

/** A null in a map of strings is an empty string to a typed client. */
function keepEmptyValues(configMap: Mutable, source: KubeObject): void {
  const data = configMap['data'];
  const before = source['data'];
  if (!isMutable(data) || !isJsonObject(before)) return;
  for (const [key, value] of Object.entries(before)) if (value === null) data[key] = '';
}

/** Generators leave placeholders (`Cg==`) for a certificate that is injected later; the API server refuses those. */
function dropInvalidCaBundle(crd: Mutable): void {
  const clientConfig = at(crd, 'spec', 'conversion', 'webhook', 'clientConfig');
  if (!isMutable(clientConfig)) return;
  const bundle = clientConfig['caBundle'];
  if (bundle === undefined) return;
  const pem = typeof bundle === 'string' ? Buffer.from(bundle, 'base64').toString('latin1') : '';
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) delete clientConfig['caBundle'];
}

/** A Secret that still carries its SOPS envelope must not reach the cluster. */
export function isSopsEncrypted(object: KubeObject): boolean {
  return object.kind === 'Secret' && object['sops'] !== undefined && object['sops'] !== null;
}
