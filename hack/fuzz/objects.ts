import type { Random } from './random.ts';
import { type Fields, Raw, type Value } from './tree.ts';

/** Few names, so that they collide. */
export const names = [
  'web',
  'app',
  'cfg',
  'db',
  'a',
  'b-1',
  'default',
  'web-web',
  'api',
  'cache',
  'p-web',
  'job.x',
] as const;
export const namespaces = ['ns1', 'ns2', 'default', 'web'] as const;

const odd = [
  'yes',
  '1',
  '1.0',
  '0777',
  '1e3',
  'null',
  '~',
  '"x"',
  "'y'",
  '2001-12-14',
  'on',
  '""',
  '0x1F',
  'true',
  '"true"',
  "'12'",
  '12345678901234567890',
  '1_000',
  '.5',
  '!!str 5',
  '0o17',
  '+1',
  '-0',
  '1:30',
  "'~'",
] as const;

export const oddScalar = (random: Random): Raw => new Raw(random.pick(odd));

export const someName = (random: Random): string => random.pick(names);

export const word = (random: Random): Value =>
  random.chance(0.12)
    ? oddScalar(random)
    : random.pick(['x', 'y', 'web', 'v1', 'a b', 'k=v', 'a:b', '$(V)', 'p/q', 'UPPER']);

/** An object with the metadata that matters to kustomize. */
export interface Known {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly body: Fields;
}

function container(random: Random, name: string): Fields {
  const c: Fields = {
    name,
    image: random.pick([
      'nginx',
      'nginx:1.0',
      'reg.io:5000/team/app:2',
      'app@sha256:abc',
      'nginx:1.0@sha256:12',
      'a/b',
    ]),
  };
  if (random.chance(0.4))
    c['ports'] = random.several(1, 2, () => ({
      containerPort: random.pick([80, 8080, 443]),
      ...(random.chance(0.5) ? { protocol: random.pick(['TCP', 'UDP']) } : {}),
      ...(random.chance(0.4) ? { name: random.pick(['http', 'web']) } : {}),
    }));
  if (random.chance(0.5))
    c['env'] = random.several(1, 3, (i) => ({
      name: `E${i}`,
      ...(random.chance(0.5)
        ? { value: random.chance(0.3) ? '$(V)-$(W)' : word(random) }
        : { valueFrom: { [random.pick(['configMapKeyRef', 'secretKeyRef'])]: { name: someName(random), key: 'k' } } }),
    }));
  if (random.chance(0.25))
    c['envFrom'] = [{ [random.pick(['configMapRef', 'secretRef'])]: { name: someName(random) } }];
  if (random.chance(0.3)) c['args'] = random.several(0, 2, () => random.pick(['--x', '$(V)', '--name=$(V)', '$$(V)']));
  if (random.chance(0.2)) c['volumeMounts'] = [{ name: 'vol', mountPath: '/v' }];
  return c;
}

function podSpec(random: Random): Fields {
  const spec: Fields = {
    containers: random.several(1, 2, (i) => container(random, random.pick(['main', 'side', `c${i}`]))),
  };
  if (random.chance(0.2)) spec['initContainers'] = [container(random, 'init')];
  if (random.chance(0.4))
    spec['volumes'] = random.several(1, 2, (i) => ({
      name: i === 0 ? 'vol' : `vol${i}`,
      ...random.pick<Fields>([
        { configMap: { name: someName(random) } },
        { secret: { secretName: someName(random) } },
        { persistentVolumeClaim: { claimName: someName(random) } },
        { projected: { sources: [{ configMap: { name: someName(random) } }] } },
        { emptyDir: {} },
      ]),
    }));
  if (random.chance(0.3)) spec['serviceAccountName'] = someName(random);
  if (random.chance(0.15)) spec['imagePullSecrets'] = [{ name: someName(random) }];
  if (random.chance(0.1)) spec['tolerations'] = [{ key: 'k', operator: 'Exists' }];
  if (random.chance(0.1)) spec['priorityClassName'] = someName(random);
  return spec;
}

function template(random: Random): Fields {
  return {
    ...(random.chance(0.7)
      ? {
          metadata: {
            labels: { app: someName(random) },
            ...(random.chance(0.2) ? { annotations: { t: word(random) } } : {}),
          },
        }
      : {}),
    spec: podSpec(random),
  };
}

function workload(random: Random): Fields {
  return {
    ...(random.chance(0.5) ? { replicas: random.pick<Value>([1, 3, oddScalar(random)]) } : {}),
    ...(random.chance(0.7) ? { selector: { matchLabels: { app: someName(random) } } } : {}),
    template: template(random),
  };
}

const subject = (random: Random): Fields => ({
  kind: random.pick(['ServiceAccount', 'ServiceAccount', 'User', 'Group']),
  name: someName(random),
  ...(random.chance(0.6) ? { namespace: random.pick(namespaces) } : {}),
});

export const embedded = (random: Random): string =>
  random.pick([
    '{"a":{"b":"c"},"l":[1,2]}',
    '{\n  "a": {\n    "b": "c"\n  }\n}',
    'a:\n  b: c\nl:\n- name: x\n  v: 1\n',
    'a: {b: c}\n# note\nl: [1, 2]\n',
    'a:\n    b: "c"\n',
    'server: a\nport: 80',
    '# head\na:\n  # inner\n  b: c # tail\n',
    'just text',
  ]);

type Maker = readonly [apiVersion: string, kind: string, body: (random: Random) => Fields, weight: number];

const makers: readonly Maker[] = [
  ['apps/v1', 'Deployment', (r) => ({ spec: workload(r) }), 6],
  [
    'apps/v1',
    'StatefulSet',
    (r) => ({
      spec: {
        ...workload(r),
        serviceName: someName(r),
        ...(r.chance(0.4)
          ? { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { storageClassName: someName(r) } }] }
          : {}),
      },
    }),
    2,
  ],
  ['apps/v1', 'DaemonSet', (r) => ({ spec: workload(r) }), 1],
  ['extensions/v1beta1', 'Deployment', (r) => ({ spec: workload(r) }), 1],
  ['batch/v1', 'Job', (r) => ({ spec: { template: template(r) } }), 1],
  [
    'batch/v1',
    'CronJob',
    (r) => ({ spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template(r) } } } }),
    1,
  ],
  ['batch/v1beta1', 'CronJob', (r) => ({ spec: { jobTemplate: { spec: { template: template(r) } } } }), 1],
  ['v1', 'Pod', (r) => ({ spec: podSpec(r) }), 1],
  [
    'v1',
    'Service',
    (r) => ({
      spec: {
        ...(r.chance(0.7) ? { selector: { app: someName(r) } } : {}),
        ports: r.several(1, 2, () => ({
          port: r.pick([80, 443]),
          ...(r.chance(0.5) ? { protocol: r.pick(['TCP', 'UDP']) } : {}),
          targetPort: r.pick<Value>([80, 'http']),
        })),
      },
    }),
    4,
  ],
  [
    'v1',
    'ConfigMap',
    (r) =>
      r.chance(0.2)
        ? {}
        : { data: Object.fromEntries(r.several(0, 3, (i) => [`k${i}`, r.chance(0.3) ? embedded(r) : word(r)])) },
    5,
  ],
  [
    'v1',
    'Secret',
    (r) => ({
      ...(r.chance(0.5) ? { type: 'Opaque' } : {}),
      [r.pick(['data', 'stringData'])]: { k: r.chance(0.3) ? embedded(r) : word(r) },
    }),
    3,
  ],
  [
    'v1',
    'ServiceAccount',
    (r) => ({
      ...(r.chance(0.3) ? { secrets: [{ name: someName(r) }] } : {}),
      ...(r.chance(0.3) ? { imagePullSecrets: [{ name: someName(r) }] } : {}),
    }),
    3,
  ],
  ['v1', 'Namespace', () => ({}), 1],
  [
    'v1',
    'PersistentVolumeClaim',
    (r) => ({ spec: { ...(r.chance(0.5) ? { storageClassName: someName(r) } : {}), volumeName: someName(r) } }),
    1,
  ],
  ['v1', 'PersistentVolume', (r) => ({ spec: { claimRef: { name: someName(r), namespace: r.pick(namespaces) } } }), 1],
  ['v1', 'Endpoints', () => ({ subsets: [] }), 1],
  ['storage.k8s.io/v1', 'StorageClass', () => ({ provisioner: 'p' }), 1],
  [
    'rbac.authorization.k8s.io/v1',
    'Role',
    (r) => ({
      rules: [
        {
          apiGroups: [''],
          resources: ['secrets'],
          ...(r.chance(0.7) ? { resourceNames: r.several(1, 2, () => someName(r)) } : {}),
        },
      ],
    }),
    2,
  ],
  [
    'rbac.authorization.k8s.io/v1',
    'ClusterRole',
    (r) => ({ rules: [{ resources: ['configmaps'], resourceNames: [someName(r)] }] }),
    1,
  ],
  [
    'rbac.authorization.k8s.io/v1',
    'RoleBinding',
    (r) => ({
      subjects: r.several(0, 2, () => subject(r)),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: r.pick(['Role', 'ClusterRole']), name: someName(r) },
    }),
    2,
  ],
  [
    'rbac.authorization.k8s.io/v1',
    'ClusterRoleBinding',
    (r) => ({
      subjects: r.several(1, 2, () => subject(r)),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: someName(r) },
    }),
    2,
  ],
  [
    'networking.k8s.io/v1',
    'Ingress',
    (r) => ({
      spec: {
        tls: [{ secretName: someName(r) }],
        rules: [{ http: { paths: [{ backend: { service: { name: someName(r), port: { number: 80 } } } }] } }],
        ...(r.chance(0.3) ? { ingressClassName: someName(r) } : {}),
      },
    }),
    1,
  ],
  [
    'networking.k8s.io/v1',
    'NetworkPolicy',
    (r) => ({
      spec: {
        podSelector: { matchLabels: { app: someName(r) } },
        ingress: [{ from: [{ podSelector: { matchLabels: { a: 'b' } } }] }],
      },
    }),
    1,
  ],
  ['networking.k8s.io/v1', 'IngressClass', () => ({ spec: { controller: 'c' } }), 1],
  ['policy/v1', 'PodDisruptionBudget', (r) => ({ spec: { selector: { matchLabels: { app: someName(r) } } } }), 1],
  [
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    (r) => ({
      spec: {
        scaleTargetRef: { kind: r.pick(['Deployment', 'StatefulSet']), name: someName(r), apiVersion: 'apps/v1' },
      },
    }),
    1,
  ],
  [
    'autoscaling/v1',
    'HorizontalPodAutoscaler',
    (r) => ({ spec: { scaleTargetRef: { kind: 'Deployment', name: someName(r) } } }),
    1,
  ],
  [
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    (r) => ({
      spec: {
        names: { kind: 'Widget' },
        ...(r.chance(0.5)
          ? { conversion: { webhook: { clientConfig: { service: { name: someName(r), namespace: 'ns1' } } } } }
          : {}),
      },
    }),
    1,
  ],
  [
    'apiregistration.k8s.io/v1',
    'APIService',
    (r) => ({ spec: { service: { name: someName(r), ...(r.chance(0.5) ? { namespace: 'ns1' } : {}) } } }),
    1,
  ],
  [
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    (r) => ({
      webhooks: [{ name: 'w', clientConfig: { service: { name: someName(r), namespace: r.pick(namespaces) } } }],
    }),
    1,
  ],
  [
    'admissionregistration.k8s.io/v1',
    'MutatingWebhookConfiguration',
    (r) => ({ webhooks: [{ name: 'w', clientConfig: { service: { name: someName(r) } } }] }),
    1,
  ],
  [
    'example.com/v1',
    'Widget',
    (r) => ({
      spec: {
        size: oddScalar(r),
        ref: { name: someName(r) },
        list: r.several(0, 3, (i) => ({ name: `n${i}`, v: word(r) })),
        template: template(r),
      },
    }),
    3,
  ],
  ['example.com/v1', 'ClusterWidget', (r) => ({ spec: { names: r.several(0, 3, () => someName(r)) } }), 1],
  ['custom.io/v1', 'Namespace', () => ({}), 1],
  [
    'v1',
    'ConfigMapList',
    (r) => ({
      items: r.several(0, 2, (i) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `${someName(r)}-${i}` },
        data: { a: word(r) },
      })),
    }),
    1,
  ],
];

const bag = makers.flatMap((maker) => Array.from({ length: maker[3] }, () => maker));

export function someObject(random: Random): Known {
  const [apiVersion, kind, make] =
    bag[random.below(bag.length)] ??
    makers[0] ??
    (() => {
      throw new Error('no makers');
    })();
  const name = someName(random);
  const namespace = random.chance(0.25) ? random.pick(namespaces) : undefined;
  const metadata: Fields = { name: random.chance(0.02) ? oddScalar(random) : name };
  if (namespace !== undefined) metadata['namespace'] = namespace;
  if (random.chance(0.4))
    metadata['labels'] = random.chance(0.08)
      ? random.pick<Value>([null, {}])
      : { app: someName(random), ...(random.chance(0.3) ? { tier: word(random) } : {}) };
  if (random.chance(0.25))
    metadata['annotations'] = random.chance(0.1)
      ? random.pick<Value>([null, {}])
      : {
          note: word(random),
          ...(random.chance(0.08) ? { 'config.kubernetes.io/local-config': random.pick(['true', 'false']) } : {}),
        };
  if (random.chance(0.05)) metadata['finalizers'] = random.several(1, 2, (i) => `f${i}`);
  const body: Fields = { apiVersion, kind, metadata, ...make(random) };
  return { apiVersion, kind, name, namespace, body };
}
