import type { KubeObject } from '#crds';
import type { KubeClient, ObjectKey, Resource, RestMapper } from '#kube';
import type { ObjectId, Owner } from './contract.ts';
import type { Missing } from './held-objects.ts';
import type { LiveStore } from './live-objects.ts';
import type { ManagerRules } from './managed-fields.ts';

/** What one run of an engine works with. */
export interface Session {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly store: LiveStore | undefined;
  readonly rules: ManagerRules;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly owner: Owner;
  readonly force: boolean;
  readonly signal: AbortSignal | undefined;
  /** Every difference counts as drift, whoever made it. */
  readonly compares: boolean;
  /** What could not be applied so far; undefined where one failure ends the run. */
  readonly missing: Missing[] | undefined;
  /** `group/Kind` that the CRDs of this run define: the API server may take a moment to serve them. */
  readonly definedKinds: Set<string>;
}

/** A namespace on a cluster-scoped kind is ignored, as the API server does. */
export function keyOf(resource: Resource, id: ObjectId): ObjectKey {
  return resource.namespaced ? { namespace: id.namespace, name: id.name } : { name: id.name };
}

export function applyObject(
  session: Session,
  resource: Resource,
  object: KubeObject,
  dryRun: boolean,
): Promise<KubeObject> {
  return session.client.apply(resource, object, {
    fieldManager: session.rules.fieldManager,
    force: true,
    dryRun,
    signal: session.signal,
  });
}
