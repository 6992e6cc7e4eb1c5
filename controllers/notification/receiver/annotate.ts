import { mapLimit } from '#concurrency';
import { type Receiver, type ReceiverResource, requestedAtAnnotation } from '#crds';
import { keyString, type KubeClient, type ObjectKey, type Resource, type RestMapper } from '#kube';
import type { Logger } from '#runtime';
import { resolveTarget } from '../target-kinds.ts';

export interface AnnotateDeps {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly log: Logger;
  readonly allowCrossNamespace: boolean;
}

/** Patches of one webhook that are under way at the same time. */
const maxParallel = 8;

interface Target extends ObjectKey {
  readonly resource: Resource;
}

/**
 * Asks for a run of every object that the Receiver names. One that fails does not keep the others from being asked.
 * @returns what failed, in words
 */
export async function requestReconciliation(receiver: Receiver, deps: AnnotateDeps): Promise<readonly string[]> {
  const failures: string[] = [];
  const collect = (error: unknown): undefined => {
    failures.push(error instanceof Error ? error.message : String(error));
  };
  const found = await mapLimit(receiver.spec.resources, maxParallel, (resource) =>
    targetsOf(receiver, resource, deps).catch(collect),
  );
  const targets = found.flatMap((list) => list ?? []);
  await mapLimit(targets, maxParallel, (target) => annotate(target, deps.client).catch(collect));
  return failures;
}

async function targetsOf(
  receiver: Receiver,
  wanted: ReceiverResource,
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
  if (name !== '*') return [{ resource, namespace, name }];
  if (matchLabels === undefined)
    throw new Error(`matchLabels field not set when using wildcard '*' as name of kind '${kind}'`);
  const labelSelector = Object.entries(matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await client.list(resource, { namespace, labelSelector, metadataOnly: true });
  if (items.length === 0)
    log.info(`no '${kind}' resources found with matching labels '${labelSelector}' in '${namespace}' namespace`);
  return items.map((item) => ({ resource, namespace, name: item.metadata.name }));
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
