import { mapLimit } from '#concurrency';
import { type KubeObject, type Receiver, type ReceiverResource, requestedAtAnnotation } from '#crds';
import { formatApiVersion, keyString, type KubeClient, type ObjectKey, type Resource, type RestMapper } from '#kube';
import type { Logger } from '#runtime';
import type { JsonRecord } from '../json-record.ts';
import { resolveTarget } from '../target-kinds.ts';
import { requestVariable, ResourceFilters } from './filters.ts';
import type { Accepted, Webhook } from './webhook.ts';

export interface AnnotateDeps {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly log: Logger;
  readonly allowCrossNamespace: boolean;
}

/** Patches of one webhook that are under way at the same time. */
const maxParallel = 8;

/** What the Receiver's filters let through, given the body of the call. */
interface Choice {
  readonly filters: ResourceFilters;
  readonly req: JsonRecord;
  /** Only of a generic-oidc Receiver. */
  readonly claims: JsonRecord | undefined;
}

interface Target extends ObjectKey {
  readonly resource: Resource;
}

/**
 * Asks for a run of every object that the Receiver names. One that fails does not keep the others from being asked.
 * @returns what failed, in words
 */
export async function requestReconciliation(
  receiver: Receiver,
  webhook: Webhook & Pick<Accepted, 'claims'>,
  deps: AnnotateDeps,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const collect = (error: unknown): undefined => {
    failures.push(error instanceof Error ? error.message : String(error));
  };
  let choice: Choice;
  try {
    const filters = ResourceFilters.of(receiver);
    choice = { filters, req: filters.isEmpty ? {} : requestVariable(webhook), claims: webhook.claims };
  } catch (error) {
    collect(error);
    return failures;
  }
  const found = await mapLimit(receiver.spec.resources, maxParallel, (resource) =>
    targetsOf(receiver, resource, choice, deps).catch(collect),
  );
  const targets = found.flatMap((list) => list ?? []);
  await mapLimit(targets, maxParallel, (target) => annotate(target, deps.client).catch(collect));
  return failures;
}

async function targetsOf(
  receiver: Receiver,
  wanted: ReceiverResource,
  { filters, req, claims }: Choice,
  { client, mapper, log, allowCrossNamespace }: AnnotateDeps,
): Promise<readonly Target[]> {
  const own = receiver.metadata.namespace ?? '';
  const namespace = wanted.namespace || own;
  const { kind, name, apiVersion, matchLabels } = wanted;
  if (!allowCrossNamespace && namespace !== own) {
    throw new Error(
      `resource '${kind}/${name}.${namespace}' is not allowed, cross-namespace references have been blocked`,
    );
  }
  const resource = await resolveTarget(mapper, kind, apiVersion);
  const isWanted = (object: KubeObject): boolean =>
    filters.wants(wanted, { ...object, apiVersion: formatApiVersion(resource), kind: resource.kind }, req, claims);
  if (name !== '*') {
    const target = { resource, namespace, name };
    if (!filters.concerns(wanted)) return [target];
    return isWanted(await client.get(resource, target, { metadataOnly: true })) ? [target] : [];
  }
  if (matchLabels === undefined)
    throw new Error(`matchLabels field not set when using wildcard '*' as name of kind '${kind}'`);
  const labelSelector = Object.entries(matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await client.list(resource, { namespace, labelSelector, metadataOnly: true });
  if (items.length === 0)
    log.info(`no '${kind}' resources found with matching labels '${labelSelector}' in '${namespace}' namespace`);
  const chosen = filters.concerns(wanted) ? items.filter(isWanted) : items;
  return chosen.map((item) => ({ resource, namespace, name: item.metadata.name }));
}

async function annotate(target: Target, client: KubeClient): Promise<void> {
  const patch = { metadata: { annotations: { [requestedAtAnnotation]: requestToken() } } };
  try {
    await client.patch(target.resource, target, patch, { type: 'merge', fieldManager: 'notification-controller' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`unable to annotate ${target.resource.kind} '${keyString(target)}': ${why}`, { cause: error });
  }
}

/** Any text that was not there before asks for a run (spec trap 29). */
function requestToken(): string {
  return `${new Date().toISOString()} ${process.hrtime.bigint()}`;
}
