import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#crds';
import type { HealthStatus } from './contract.ts';
import { computeHealth } from './health.ts';
import { withPods } from './workload-health.ts';

const now = new Date('2026-01-01T00:01:00Z');
const when = (type: string, status: string, reason = ''): object => ({
  type,
  status,
  reason,
  message: `${type} ${status}`,
});

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly meta?: object;
  readonly spec?: object;
  readonly status?: object;
  readonly want: readonly [HealthStatus, string];
}

/** Rows of spec A10, "kstatus". Workloads that really run are compared with kubectl in live.e2e.test.ts. */
const cases: readonly Case[] = [
  {
    name: 'being deleted',
    kind: 'v1 ConfigMap',
    meta: { deletionTimestamp: 'x' },
    want: ['Terminating', 'Resource scheduled for deletion'],
  },
  {
    name: 'not observed',
    kind: 'x.io/v1 Foo',
    meta: { generation: 3 },
    status: { observedGeneration: 2, conditions: [when('Ready', 'True')] },
    want: ['InProgress', 'Foo generation is 3, but latest observed generation is 2'],
  },
  {
    name: 'fresh Flux object',
    kind: 'x.io/v1 Foo',
    meta: { generation: 1 },
    status: { observedGeneration: -1 },
    want: ['InProgress', 'Foo generation is 1, but latest observed generation is -1'],
  },
  {
    name: 'reconciling',
    kind: 'x.io/v1 Foo',
    status: { conditions: [when('Ready', 'True'), when('Reconciling', 'True')] },
    want: ['InProgress', 'Reconciling True'],
  },
  {
    name: 'stalled',
    kind: 'x.io/v1 Foo',
    status: { conditions: [when('Ready', 'False'), when('Stalled', 'True')] },
    want: ['Failed', 'Stalled True'],
  },
  {
    name: 'ready',
    kind: 'x.io/v1 Foo',
    status: { conditions: [when('Ready', 'True')] },
    want: ['Current', 'Resource is Ready'],
  },
  {
    name: 'not ready',
    kind: 'x.io/v1 Foo',
    status: { conditions: [when('Ready', 'False')] },
    want: ['InProgress', 'Ready False'],
  },
  {
    name: 'unknown readiness',
    kind: 'x.io/v1 Foo',
    status: { conditions: [when('Ready', 'Unknown')] },
    want: ['InProgress', 'Ready Unknown'],
  },
  { name: 'no conditions', kind: 'x.io/v1 Foo', want: ['Current', 'Resource is current'] },
  { name: 'always ready kind', kind: 'batch/v1 CronJob', want: ['Current', 'Resource is always ready'] },
  {
    name: 'waits for pods',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 2 },
    status: { replicas: 1 },
    want: ['InProgress', 'replicas: 1/2'],
  },
  { name: 'one replica unless told', kind: 'apps/v1 Deployment', want: ['InProgress', 'replicas: 0/1'] },
  {
    name: 'old pods left',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 1 },
    status: { replicas: 2, updatedReplicas: 1 },
    want: ['InProgress', 'Pending termination: 1'],
  },
  {
    name: 'not updated',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 2 },
    status: { replicas: 2, updatedReplicas: 1 },
    want: ['InProgress', 'Updated: 1/2'],
  },
  {
    name: 'not available',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 2 },
    status: { replicas: 2, updatedReplicas: 2, availableReplicas: 1 },
    want: ['InProgress', 'Available: 1/2'],
  },
  {
    name: 'not ready',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 2 },
    status: { replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 1 },
    want: ['InProgress', 'Ready: 1/2'],
  },
  {
    name: 'conditions to come',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 0, progressDeadlineSeconds: 600 },
    status: { conditions: [when('Available', 'True')] },
    want: ['InProgress', 'ReplicaSet not Available'],
  },
  {
    name: 'no deadline needs no Progressing',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 0, progressDeadlineSeconds: 2147483647 },
    status: { conditions: [when('Available', 'True')] },
    want: ['Current', 'Deployment is available. Replicas: 0'],
  },
  {
    name: 'not Available',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 0 },
    want: ['InProgress', 'Deployment not Available'],
  },
  {
    name: 'past its deadline',
    kind: 'apps/v1 Deployment',
    spec: { replicas: 1 },
    status: { conditions: [when('Progressing', 'False', 'ProgressDeadlineExceeded')] },
    want: ['Failed', 'Progress deadline exceeded'],
  },
  {
    name: 'updated by hand',
    kind: 'apps/v1 StatefulSet',
    spec: { updateStrategy: { type: 'OnDelete' } },
    want: ['Current', 'StatefulSet is using the ondelete update strategy'],
  },
  {
    name: 'partition done',
    kind: 'apps/v1 StatefulSet',
    spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 1 } } },
    status: { replicas: 3, readyReplicas: 3, updatedReplicas: 2 },
    want: ['Current', 'Partition rollout complete. updated: 2'],
  },
  {
    name: 'partition on its way',
    kind: 'apps/v1 StatefulSet',
    spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 1 } } },
    status: { replicas: 3, readyReplicas: 3, updatedReplicas: 1 },
    want: ['InProgress', 'updated: 1/2'],
  },
  {
    name: 'revisions differ',
    kind: 'apps/v1 StatefulSet',
    spec: { replicas: 1 },
    status: { replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
    want: ['InProgress', 'Waiting for updated revision to match current'],
  },
  {
    name: 'too few current',
    kind: 'apps/v1 StatefulSet',
    spec: { replicas: 1 },
    status: { replicas: 1, readyReplicas: 1 },
    want: ['InProgress', 'current: 0/1'],
  },
  {
    name: 'done',
    kind: 'apps/v1 StatefulSet',
    spec: { replicas: 1 },
    status: { replicas: 1, readyReplicas: 1, currentReplicas: 1 },
    want: ['Current', 'All replicas scheduled as expected. Replicas: 1'],
  },
  {
    name: 'without observation',
    kind: 'apps/v1 DaemonSet',
    meta: { generation: 1 },
    want: ['InProgress', 'Missing .status.observedGeneration'],
  },
  {
    name: 'not updated',
    kind: 'apps/v1 DaemonSet',
    meta: { generation: 1 },
    status: { observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 1 },
    want: ['InProgress', 'Updated: 1/2'],
  },
  {
    name: 'for no node',
    kind: 'apps/v1 DaemonSet',
    meta: { generation: 1 },
    status: { observedGeneration: 1, desiredNumberScheduled: 0 },
    want: ['Current', 'All replicas scheduled as expected. Replicas: 0'],
  },
  {
    name: 'failing to make pods',
    kind: 'apps/v1 ReplicaSet',
    status: { conditions: [when('ReplicaFailure', 'True')] },
    want: ['InProgress', 'Replica Failure condition. Check Pods'],
  },
  { name: 'labelled too few', kind: 'apps/v1 ReplicaSet', want: ['InProgress', 'Labelled: 0/1'] },
  {
    name: 'running and ready',
    kind: 'v1 Pod',
    status: { phase: 'Running', conditions: [when('Ready', 'True')] },
    want: ['Current', 'Pod is Ready'],
  },
  {
    name: 'failed',
    kind: 'v1 Pod',
    status: { phase: 'Failed' },
    want: ['Current', 'Pod has completed, but not successfully'],
  },
  {
    name: 'crashing',
    kind: 'v1 Pod',
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    },
    want: ['Failed', 'Containers in CrashLoop state: a'],
  },
  {
    name: 'unschedulable for a moment',
    kind: 'v1 Pod',
    status: {
      phase: 'Pending',
      conditions: [{ ...when('PodScheduled', 'False', 'Unschedulable'), lastTransitionTime: '2026-01-01T00:00:50Z' }],
    },
    want: ['InProgress', 'Pod has not been scheduled'],
  },
  {
    name: 'unschedulable for long',
    kind: 'v1 Pod',
    status: {
      phase: 'Pending',
      conditions: [{ ...when('PodScheduled', 'False', 'Unschedulable'), lastTransitionTime: '2026-01-01T00:00:40Z' }],
    },
    want: ['Failed', 'Pod could not be scheduled'],
  },
  {
    name: 'started',
    kind: 'batch/v1 Job',
    status: { active: 1, startTime: 'x' },
    want: ['InProgress', 'Job in progress'],
  },
  {
    name: 'complete',
    kind: 'batch/v1 Job',
    spec: { completions: 1 },
    status: { succeeded: 1, conditions: [when('Complete', 'True')] },
    want: ['Current', 'Job Completed. succeeded: 1/1'],
  },
  {
    name: 'failed',
    kind: 'batch/v1 Job',
    status: { failed: 2, conditions: [when('Failed', 'True')] },
    want: ['Failed', 'Job Failed. failed: 2/1'],
  },
  { name: 'suspended', kind: 'batch/v1 Job', spec: { suspend: true }, want: ['Current', 'Job is suspended'] },
  {
    name: 'unbound',
    kind: 'v1 PersistentVolumeClaim',
    status: { phase: 'Pending' },
    want: ['InProgress', 'PVC is not Bound. phase: Pending'],
  },
  { name: 'bound', kind: 'v1 PersistentVolumeClaim', status: { phase: 'Bound' }, want: ['Current', 'PVC is Bound'] },
  {
    name: 'a load balancer without an external address',
    kind: 'v1 Service',
    spec: { type: 'LoadBalancer', clusterIP: '10.0.0.1' },
    want: ['Current', 'Service is ready'],
  },
  {
    name: 'names refused',
    kind: 'apiextensions.k8s.io/v1 CustomResourceDefinition',
    status: { conditions: [when('NamesAccepted', 'False')] },
    want: ['Failed', 'NamesAccepted False'],
  },
  {
    name: 'installing',
    kind: 'apiextensions.k8s.io/v1 CustomResourceDefinition',
    status: { conditions: [when('NamesAccepted', 'True'), when('Established', 'False', 'Installing')] },
    want: ['InProgress', 'Install in progress'],
  },
  {
    name: 'not established',
    kind: 'apiextensions.k8s.io/v1 CustomResourceDefinition',
    status: { conditions: [when('Established', 'False', 'NotAccepted')] },
    want: ['Failed', 'Established False'],
  },
  {
    name: 'established',
    kind: 'apiextensions.k8s.io/v1 CustomResourceDefinition',
    status: { conditions: [when('NamesAccepted', 'True'), when('Established', 'True')] },
    want: ['Current', 'CRD is established'],
  },
];

for (const c of cases)
  test(`computeHealth: ${c.kind.replace(/^.* /, '')} ${c.name}`, () => {
    const [apiVersion = '', kind = ''] = c.kind.split(' ');
    const object: KubeObject = {
      apiVersion,
      kind,
      metadata: { name: 'x', ...c.meta },
      spec: c.spec ?? {},
      status: c.status ?? {},
    };
    const [status, message] = c.want;
    assert.deepEqual(computeHealth(object, now), { status, message });
  });

test('a workload on its way fails with its pods, one that is there does not', () => {
  const broken = [
    { status: 'Failed' as const, message: '' },
    { status: 'Current' as const, message: '' },
  ];
  assert.deepEqual(withPods({ status: 'InProgress', message: 'x' }, broken), {
    status: 'Failed',
    message: '1 pods have failed',
  });
  assert.deepEqual(withPods({ status: 'Current', message: 'x' }, broken), { status: 'Current', message: 'x' });
});
