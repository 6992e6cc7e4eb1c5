import { type Receiver, type ReceiverResource, requestedAtAnnotation } from '#crds';
import type { KubeClient, RestMapper } from '#kube';
import type { Logger } from '#runtime';
import { resolveTarget } from '../target-kinds.ts';

export interface AnnotateDeps {
  readonly client: KubeClient;
  readonly mapper: RestMapper;
  readonly log: Logger;
  readonly allowCrossNamespace: boolean;
}

/** Any text that was not there before asks for a run. */
function requestToken(): string {
  return `${new Date().toISOString()} ${process.hrtime.bigint()}`;
}

/**
 * Asks for a run of every object that the Receiver names. One that fails does not keep the others from being asked.
 * @returns what failed, in words
 */
export async function requestReconciliation(receiver: Receiver, deps: AnnotateDeps): Promise<readonly string[]> {
  const results = await Promise.allSettled(
    receiver.spec.resources.map((resource) => requestOne(receiver, resource, deps)),
  );
  return results.flatMap((result) =>
    result.status === 'rejected'
      ? [result.reason instanceof Error ? result.reason.message : String(result.reason)]
      : [],
  );
}

async function requestOne(receiver: Receiver, target: ReceiverResource, deps: AnnotateDeps): Promise<void> {
  const own = receiver.metadata.namespace ?? '';
  const namespace = target.namespace || own;
  if (!deps.allowCrossNamespace && namespace !== own) {
    throw new Error(
      `resource '${target.kind}/${target.name}.${namespace}' is not allowed, cross-namespace references have been blocked`,
    );
  }
  const resource = await resolveTarget(deps.mapper, target.kind, target.apiVersion);
  const patch = { metadata: { annotations: { [requestedAtAnnotation]: requestToken() } } };
  const annotate = async (name: string): Promise<void> => {
    try {
      await deps.client.patch(resource, { namespace, name }, patch, {
        type: 'merge',
        fieldManager: 'notification-controller',
      });
    } catch (error) {
      throw new Error(
        `unable to annotate ${target.kind} '${namespace}/${name}': ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  };
  if (target.name !== '*') {
    await annotate(target.name);
    return;
  }
  if (target.matchLabels === undefined)
    throw new Error(`matchLabels field not set when using wildcard '*' as name of kind '${target.kind}'`);
  const labelSelector = Object.entries(target.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await deps.client.list(resource, { namespace, labelSelector, metadataOnly: true });
  if (items.length === 0)
    deps.log.info(
      `no '${target.kind}' resources found with matching labels '${labelSelector}' in '${namespace}' namespace`,
    );
  for (const item of items) await annotate(item.metadata.name);
}
