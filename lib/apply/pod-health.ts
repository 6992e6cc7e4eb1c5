import type { KubeObject } from '#crds';
import type { Health } from './contract.ts';
import { conditionOf, current, failed, inProgress } from './condition.ts';
import { listAt, textAt } from './json.ts';

/** How long a pod may stay unschedulable before it counts as failed, in milliseconds. */
export const schedulingWindowMs = 15_000;

export function podHealth(pod: KubeObject, now: Date): Health {
  switch (textAt(pod, 'status', 'phase') ?? '') {
    case 'Succeeded':
      return current('Pod has completed successfully');
    case 'Failed':
      return current('Pod has completed, but not successfully');
    case 'Running':
      if (conditionOf(pod, 'Ready')?.status === 'True') return current('Pod is Ready');
      return crashLoop(pod) ?? inProgress('Pod is running but is not Ready');
    case 'Pending': {
      const scheduled = conditionOf(pod, 'PodScheduled');
      if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
        const since = Date.parse(scheduled.lastTransitionTime);
        if (now.getTime() < since + schedulingWindowMs) return inProgress('Pod has not been scheduled');
        return failed('Pod could not be scheduled');
      }
      return crashLoop(pod) ?? inProgress('Pod is in the Pending phase');
    }
    case '':
      return inProgress('Pod phase not available');
    default:
      return { status: 'Unknown', message: `unknown phase ${textAt(pod, 'status', 'phase')}` };
  }
}

function crashLoop(pod: KubeObject): Health | undefined {
  const names = [...listAt(pod, 'status', 'containerStatuses'), ...listAt(pod, 'status', 'initContainerStatuses')]
    .filter((status) => textAt(status, 'state', 'waiting', 'reason') === 'CrashLoopBackOff')
    .map((status) => textAt(status, 'name') ?? '');
  return names.length === 0 ? undefined : failed(`Containers in CrashLoop state: ${names.join(',')}`);
}
