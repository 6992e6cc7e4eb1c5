/** What people write, in the smallest form that a test needs. YAML texts are JSON, which is YAML too. */

/** The token of the Receivers. */
export const webhookToken = 'a-token-of-these-tests';

export function configMap(name: string, data: Readonly<Record<string, string>> = { a: '1' }): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}

export function deployment(name: string, options: { readonly replicas?: number } = {}): string {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'registry.example/web:1' }];
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: options.replicas ?? 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  });
}

export function clusterRole(name: string): string {
  return JSON.stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: [],
  });
}

export function secret(namespace: string, name: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
}

/** Intervals are long, so that what a test sees is the work of events. */
export function gitRepository(namespace: string, name: string, url: string, spec: object = {}): object {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace },
    spec: { interval: '1h', url, ref: { branch: 'main' }, ...spec },
  };
}

export function kustomization(namespace: string, name: string, source: string, spec: object = {}): object {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace },
    spec: {
      interval: '1h',
      retryInterval: '1h',
      prune: true,
      sourceRef: { kind: 'GitRepository', name: source },
      ...spec,
    },
  };
}

/** A Provider and an Alert for everything in the namespace, and a Receiver for one GitRepository. */
export function notificationObjects(namespace: string, source: string, address: string): readonly object[] {
  const notification = (kind: string, version: string, name: string, spec: object): object => ({
    apiVersion: `notification.toolkit.fluxcd.io/${version}`,
    kind,
    metadata: { name, namespace },
    spec,
  });
  const every = ['GitRepository', 'Kustomization'].map((kind) => ({ kind, name: '*' }));
  return [
    secret(namespace, 'webhook-token', { token: webhookToken }),
    notification('Provider', 'v1beta3', 'sink', { type: 'generic', address }),
    notification('Alert', 'v1beta3', 'all', { providerRef: { name: 'sink' }, eventSources: every }),
    notification('Receiver', 'v1', source, {
      type: 'generic-hmac',
      secretRef: { name: 'webhook-token' },
      resources: [{ kind: 'GitRepository', name: source }],
    }),
  ];
}
