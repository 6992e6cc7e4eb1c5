import type { KubeObject } from '#crds';
import type { Health } from './contract.ts';
import { conditionOf, current, failed, inProgress } from './condition.ts';
import { at, numberAt, textAt } from './json.ts';

/** "Never" in fields of seconds: the largest int32. */
const never = 2_147_483_647;

/** Replicas asked for: one when nothing is said. */
function wanted(object: KubeObject): number {
  return numberAt(object, 'spec', 'replicas') ?? 1;
}

function counted(object: KubeObject, field: string): number {
  return numberAt(object, 'status', field) ?? 0;
}

export function deploymentHealth(deployment: KubeObject): Health {
  const progressing = conditionOf(deployment, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failed('Progress deadline exceeded');
  const spec = wanted(deployment);
  const replicas = counted(deployment, 'replicas');
  const updated = counted(deployment, 'updatedReplicas');
  const available = counted(deployment, 'availableReplicas');
  const ready = counted(deployment, 'readyReplicas');
  if (spec > replicas) return inProgress(`replicas: ${replicas}/${spec}`);
  if (spec > updated) return inProgress(`Updated: ${updated}/${spec}`);
  if (replicas > spec) return inProgress(`Pending termination: ${replicas - spec}`);
  if (updated > available) return inProgress(`Available: ${available}/${updated}`);
  if (spec > ready) return inProgress(`Ready: ${ready}/${spec}`);
  // Without a deadline the controller keeps no Progressing condition.
  const hasDeadline = (numberAt(deployment, 'spec', 'progressDeadlineSeconds') ?? never) !== never;
  const rolledOut = progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable';
  if (hasDeadline && !rolledOut) return inProgress('ReplicaSet not Available');
  if (conditionOf(deployment, 'Available')?.status !== 'True') return inProgress('Deployment not Available');
  return current(`Deployment is available. Replicas: ${replicas}`);
}

export function statefulSetHealth(set: KubeObject): Health {
  if (textAt(set, 'spec', 'updateStrategy', 'type') === 'OnDelete') {
    return current('StatefulSet is using the ondelete update strategy');
  }
  const spec = wanted(set);
  const replicas = counted(set, 'replicas');
  const ready = counted(set, 'readyReplicas');
  const updated = counted(set, 'updatedReplicas');
  const now = counted(set, 'currentReplicas');
  if (spec > replicas) return inProgress(`Replicas: ${replicas}/${spec}`);
  if (spec > ready) return inProgress(`Ready: ${ready}/${spec}`);
  if (replicas > spec) return inProgress(`Pending termination: ${replicas - spec}`);
  const partition = numberAt(set, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  if (partition !== undefined) {
    if (updated < spec - partition) return inProgress(`updated: ${updated}/${spec - partition}`);
    return current(`Partition rollout complete. updated: ${updated}`);
  }
  if (spec > now) return inProgress(`current: ${now}/${spec}`);
  if (at(set, 'status', 'currentRevision') !== at(set, 'status', 'updateRevision')) {
    return inProgress('Waiting for updated revision to match current');
  }
  return current(`All replicas scheduled as expected. Replicas: ${replicas}`);
}

export function daemonSetHealth(set: KubeObject): Health {
  if (set.metadata.generation === undefined) return inProgress('Missing .metadata.generation');
  if (numberAt(set, 'status', 'observedGeneration') === undefined)
    return inProgress('Missing .status.observedGeneration');
  const desired = numberAt(set, 'status', 'desiredNumberScheduled');
  if (desired === undefined) return inProgress('Missing .status.desiredNumberScheduled');
  const counts: readonly (readonly [string, string])[] = [
    ['Current', 'currentNumberScheduled'],
    ['Updated', 'updatedNumberScheduled'],
    ['Available', 'numberAvailable'],
    ['Ready', 'numberReady'],
  ];
  for (const [name, field] of counts) {
    const count = counted(set, field);
    if (desired > count) return inProgress(`${name}: ${count}/${desired}`);
  }
  return current(`All replicas scheduled as expected. Replicas: ${desired}`);
}

export function replicaSetHealth(set: KubeObject): Health {
  if (conditionOf(set, 'ReplicaFailure')?.status === 'True') return inProgress('Replica Failure condition. Check Pods');
  const spec = wanted(set);
  const labelled = counted(set, 'fullyLabeledReplicas');
  const available = counted(set, 'availableReplicas');
  const ready = counted(set, 'readyReplicas');
  const replicas = counted(set, 'replicas');
  if (spec > labelled) return inProgress(`Labelled: ${labelled}/${spec}`);
  if (spec > available) return inProgress(`Available: ${available}/${spec}`);
  if (spec > ready) return inProgress(`Ready: ${ready}/${spec}`);
  if (replicas > spec) return inProgress(`Pending termination: ${replicas - spec}`);
  return current(`ReplicaSet is available. Replicas: ${replicas}`);
}

/**
 * A workload on its way whose pods have failed for good has failed.
 * @param pods health of the pods it selects
 */
export function withPods(health: Health, pods: readonly Health[]): Health {
  if (health.status !== 'InProgress') return health;
  const broken = pods.filter(({ status }) => status === 'Failed').length;
  return broken === 0 ? health : failed(`${broken} pods have failed`);
}
