import { appsNamespace } from './sample-repository.ts';

/** What a person applies by hand, once: where the repository is, what to deploy of it, whom to tell, who may call. */
export function gitopsManifest(use: {
  readonly repositoryUrl: string;
  readonly alertUrl: string;
  readonly webhookToken: string;
}): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${appsNamespace}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: sample
  namespace: flux-system
spec:
  url: ${use.repositoryUrl}
  # Long, so that what you see is the webhook's work.
  interval: 10m
  ref:
    branch: main
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: cache
  namespace: flux-system
spec:
  interval: 10m
  sourceRef:
    kind: GitRepository
    name: sample
  path: ./apps/cache
  targetNamespace: ${appsNamespace}
  prune: true
  wait: true
  timeout: 1m
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: shop
  namespace: flux-system
spec:
  dependsOn:
  - name: cache
  interval: 10m
  retryInterval: 30s
  sourceRef:
    kind: GitRepository
    name: sample
  path: ./apps/shop
  targetNamespace: ${appsNamespace}
  prune: true
  wait: true
  timeout: 1m
  postBuild:
    substitute:
      cluster_name: demo
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata:
  name: demo
  namespace: flux-system
spec:
  type: generic
  address: ${use.alertUrl}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata:
  name: applications
  namespace: flux-system
spec:
  providerRef:
    name: demo
  eventSeverity: info
  eventSources:
  - kind: GitRepository
    name: '*'
  - kind: Kustomization
    name: '*'
---
apiVersion: v1
kind: Secret
metadata:
  name: webhook-token
  namespace: flux-system
stringData:
  token: ${use.webhookToken}
---
apiVersion: notification.toolkit.fluxcd.io/v1
kind: Receiver
metadata:
  name: push
  namespace: flux-system
spec:
  type: generic-hmac
  secretRef:
    name: webhook-token
  resources:
  - kind: GitRepository
    name: sample
`;
}

/**
 * The hook that makes the Git server call the Receiver after each push, as hosting services do it. A Node script,
 * because the machine need not have curl; it never fails the push.
 */
export function postReceiveHook(use: {
  readonly node: string;
  readonly url: string;
  readonly webhookToken: string;
}): string {
  return `#!${use.node}
const { createHmac } = require('node:crypto');
const body = JSON.stringify({ pushed: require('node:fs').readFileSync(0, 'utf8').trim() });
const signature = 'sha256=' + createHmac('sha256', ${JSON.stringify(use.webhookToken)}).update(body).digest('hex');
fetch(${JSON.stringify(use.url)}, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-signature': signature },
  body,
  signal: AbortSignal.timeout(10000),
}).then(
  (answer) => console.log('webhook: the receiver answered ' + answer.status),
  (error) => console.log('webhook: ' + error.message),
);
`;
}
