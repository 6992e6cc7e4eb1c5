import type { KubeObject } from '#crds';
import { conditionOf, current, failed, inProgress } from './condition.ts';
import type { Health } from './contract.ts';
import { at, numberAt, textAt } from './json.ts';
import { objectId } from './object-id.ts';
import { podHealth } from './pod-health.ts';
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from './workload-health.ts';

/** Judges an object of one kind, after the rules for all kinds had nothing to say. */
type Rule = (object: KubeObject, now: Date) => Health;

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['apps/Deployment', deploymentHealth],
  ['extensions/Deployment', deploymentHealth],
  ['apps/StatefulSet', statefulSetHealth],
  ['apps/DaemonSet', daemonSetHealth],
  ['extensions/DaemonSet', daemonSetHealth],
  ['apps/ReplicaSet', replicaSetHealth],
  ['extensions/ReplicaSet', replicaSetHealth],
  ['/Pod', podHealth],
  ['/Service', serviceHealth],
  ['/PersistentVolumeClaim', volumeClaimHealth],
  ['batch/Job', jobHealth],
  ['apiextensions.k8s.io/CustomResourceDefinition', definitionHealth],
  ...['/ConfigMap', '/Secret', 'batch/CronJob', 'policy/PodDisruptionBudget'].map((kind): [string, Rule] => [
    kind,
    () => current('Resource is always ready'),
  ]),
]);

/**
 * The state of an object by kstatus's rules, with Flux's own rule for Jobs (spec A10).
 * @param now decides how long a pod may stay unschedulable
 */
export function computeHealth(object: KubeObject, now: Date): Health {
  const id = objectId(object);
  return commonHealth(object) ?? (rules.get(`${id.group}/${id.kind}`) ?? readyHealth)(object, now);
}

/** What holds for every kind: deletion, a controller that lags behind, and the two abnormal-true conditions. */
function commonHealth(object: KubeObject): Health | undefined {
  const { deletionTimestamp, generation } = object.metadata;
  if (deletionTimestamp !== undefined) return { status: 'Terminating', message: 'Resource scheduled for deletion' };
  const observed = numberAt(object, 'status', 'observedGeneration');
  if (observed !== undefined && generation !== undefined && observed !== generation) {
    return inProgress(`${object.kind} generation is ${generation}, but latest observed generation is ${observed}`);
  }
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.status === 'True') return inProgress(reconciling.message);
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True') return failed(stalled.message);
  return undefined;
}

function readyHealth(object: KubeObject): Health {
  const ready = conditionOf(object, 'Ready');
  if (ready === undefined) return current('Resource is current');
  return ready.status === 'True' ? current('Resource is Ready') : inProgress(ready.message);
}

/** A load balancer's external address is not waited for. */
function serviceHealth(service: KubeObject): Health {
  const type = textAt(service, 'spec', 'type') ?? 'ClusterIP';
  if (type === 'LoadBalancer' && (textAt(service, 'spec', 'clusterIP') ?? '') === '') {
    return inProgress('ClusterIP not set. Service type: LoadBalancer');
  }
  return current('Service is ready');
}

function volumeClaimHealth(claim: KubeObject): Health {
  const phase = textAt(claim, 'status', 'phase') ?? 'unknown';
  return phase === 'Bound' ? current('PVC is Bound') : inProgress(`PVC is not Bound. phase: ${phase}`);
}

/** kstatus calls a job that has started Current; Flux waits for its end. */
function jobHealth(job: KubeObject): Health {
  const failure = conditionOf(job, 'Failed');
  if (failure?.status === 'True') {
    return failed(
      `Job Failed. failed: ${numberAt(job, 'status', 'failed') ?? 0}/${numberAt(job, 'spec', 'completions') ?? 1}`,
    );
  }
  if (conditionOf(job, 'Complete')?.status === 'True') {
    return current(
      `Job Completed. succeeded: ${numberAt(job, 'status', 'succeeded') ?? 0}/${numberAt(job, 'spec', 'completions') ?? 1}`,
    );
  }
  if (conditionOf(job, 'Suspended')?.status === 'True' || at(job, 'spec', 'suspend') === true)
    return current('Job is suspended');
  return inProgress('Job in progress');
}

function definitionHealth(definition: KubeObject): Health {
  const names = conditionOf(definition, 'NamesAccepted');
  if (names?.status === 'False') return failed(names.message);
  const established = conditionOf(definition, 'Established');
  if (established?.status === 'True') return current('CRD is established');
  if (established?.status === 'False' && established.reason !== 'Installing') return failed(established.message);
  return inProgress('Install in progress');
}
