import type { Files } from '#test-kit';

/** Name of the sample repository on the demo's Git server. */
export const repositoryName = 'sample';

/** Namespace that the two applications live in. */
export const appsNamespace = 'demo';

const readme = `# Sample applications

\`apps/cache\` is what \`apps/shop\` needs: the shop is deployed when the cache is healthy.
Change something, commit, push: the cluster follows.
`;

const cache = {
  'apps/cache/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yaml
- service.yaml
labels:
- pairs:
    app.kubernetes.io/part-of: shop
`,
  'apps/cache/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: cache
spec:
  replicas: 1
  selector:
    matchLabels:
      app: cache
  template:
    metadata:
      labels:
        app: cache
    spec:
      containers:
      - name: cache
        image: registry.example/cache:7.2
        ports:
        - name: cache
          containerPort: 6379
`,
  'apps/cache/service.yaml': `apiVersion: v1
kind: Service
metadata:
  name: cache
spec:
  selector:
    app: cache
  ports:
  - name: cache
    port: 6379
    targetPort: cache
`,
};

const shopDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels:
      app: shop
  template:
    metadata:
      labels:
        app: shop
    spec:
      containers:
      - name: shop
        image: registry.example/shop
        envFrom:
        - configMapRef:
            name: shop-settings
        ports:
        - name: http
          containerPort: 8080
`;

/** The shop's kustomization.yaml, which is where its image and its size are decided. */
export function shopKustomization(options: { readonly tag: string; readonly replicas: number }): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yaml
- service.yaml
configMapGenerator:
- name: shop-settings
  literals:
  - CACHE_ADDRESS=cache:6379
  - GREETING=Hello from \${cluster_name}
images:
- name: registry.example/shop
  newTag: ${options.tag}
replicas:
- name: shop
  count: ${options.replicas}
labels:
- pairs:
    app.kubernetes.io/part-of: shop
`;
}

export const shopKustomizationPath = 'apps/shop/kustomization.yaml';
export const shopDeploymentPath = 'apps/shop/deployment.yaml';

/** The mistake of the tour: a tab, which YAML does not take as indentation. */
export const brokenShopDeployment: string = shopDeployment.replace('    matchLabels:\n', '\tmatchLabels:\n');
export const goodShopDeployment: string = shopDeployment;

export const sampleFiles: Files = {
  'README.md': readme,
  ...cache,
  [shopKustomizationPath]: shopKustomization({ tag: '1.0.0', replicas: 2 }),
  [shopDeploymentPath]: shopDeployment,
  'apps/shop/service.yaml': `apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector:
    app: shop
  ports:
  - name: http
    port: 80
    targetPort: http
`,
};
