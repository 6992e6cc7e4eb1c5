/** One object for each rule of the schemas that it breaks, and what the API server must say. */
export interface BadSample {
  readonly name: string;
  readonly yaml: string;
  readonly words: string;
}

const object = (apiVersion: string, kind: string, spec: object): string =>
  JSON.stringify({ apiVersion, kind, metadata: { name: 'bad' }, spec });

const source = { kind: 'GitRepository', name: 'podinfo' };
const gitRepository = (spec: object): string =>
  object('source.toolkit.fluxcd.io/v1', 'GitRepository', { url: 'https://example.com/r', interval: '1m', ...spec });
const sourceOf =
  (kind: string, defaults: object) =>
  (spec: object): string =>
    object('source.toolkit.fluxcd.io/v1', kind, { interval: '1m', ...defaults, ...spec });
const ociRepository = sourceOf('OCIRepository', { url: 'oci://example.com/r' });
const bucket = sourceOf('Bucket', { endpoint: 's3.example.com', bucketName: 'b' });
const helmRepository = sourceOf('HelmRepository', { url: 'https://example.com/charts' });
const helmChart = sourceOf('HelmChart', { chart: 'c', sourceRef: { kind: 'HelmRepository', name: 'r' } });
const sts = { provider: 'aws', endpoint: 'https://sts.example.com' };
const kustomization = (spec: object): string =>
  object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', {
    interval: '1m',
    prune: true,
    sourceRef: source,
    ...spec,
  });
const alert = (spec: object): string =>
  object('notification.toolkit.fluxcd.io/v1beta3', 'Alert', {
    providerRef: { name: 'chat' },
    eventSources: [source],
    ...spec,
  });
const provider = (spec: object): string =>
  object('notification.toolkit.fluxcd.io/v1beta3', 'Provider', { type: 'slack', ...spec });
const receiver = (spec: object): string =>
  object('notification.toolkit.fluxcd.io/v1', 'Receiver', { type: 'generic', resources: [source], ...spec });

const secretRef = { name: 'token' };
const oidcProviders = [
  { issuerURL: 'https://issuer.example.com', validations: [{ expression: 'true', message: 'no' }] },
];
const oneKubeConfig = 'exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified';
const long = (length: number): string => 'x'.repeat(length);

export const badSamples: readonly BadSample[] = [
  { name: 'a GitRepository without url', yaml: gitRepository({ url: undefined }), words: 'spec.url: Required value' },
  {
    name: 'a GitRepository without interval',
    yaml: gitRepository({ interval: undefined }),
    words: 'spec.interval: Required value',
  },
  { name: 'an scp-style address', yaml: gitRepository({ url: 'git@example.com:r' }), words: 'spec.url: Invalid value' },
  { name: 'an interval in days', yaml: gitRepository({ interval: '1d' }), words: 'spec.interval: Invalid value' },
  { name: 'a timeout in hours', yaml: gitRepository({ timeout: '1h' }), words: 'spec.timeout: Invalid value' },
  {
    name: 'an unknown Git provider',
    yaml: gitRepository({ provider: 'gitlab' }),
    words: 'spec.provider: Unsupported value',
  },
  {
    name: 'a serviceAccountName for a provider without workload identity',
    yaml: gitRepository({ provider: 'generic', serviceAccountName: 'sa' }),
    words: "serviceAccountName may only be set when provider is 'aws' or 'azure'",
  },
  {
    name: 'a serviceAccountName without a provider',
    yaml: gitRepository({ serviceAccountName: 'sa' }),
    words: "serviceAccountName may only be set when provider is 'aws' or 'azure'",
  },
  {
    name: 'verification without keys',
    yaml: gitRepository({ verify: { mode: 'HEAD' } }),
    words: 'spec.verify.secretRef: Required value',
  },
  {
    name: 'an unknown verification mode',
    yaml: gitRepository({ verify: { mode: 'tag', secretRef } }),
    words: 'spec.verify.mode: Unsupported value',
  },
  {
    name: 'an include without repository',
    yaml: gitRepository({ include: [{ fromPath: 'a' }] }),
    words: 'repository: Required value',
  },

  {
    name: 'an OCIRepository over https',
    yaml: ociRepository({ url: 'https://h/r' }),
    words: 'spec.url: Invalid value',
  },
  {
    name: 'an unknown layer operation',
    yaml: ociRepository({ layerSelector: { operation: 'link' } }),
    words: 'spec.layerSelector.operation: Unsupported value',
  },
  {
    name: 'an unknown verifier',
    yaml: ociRepository({ verify: { provider: 'pgp' } }),
    words: 'spec.verify.provider: Unsupported value',
  },
  {
    name: 'an OCI identity without subject',
    yaml: ociRepository({ verify: { matchOIDCIdentity: [{ issuer: 'a' }] } }),
    words: 'subject: Required value',
  },
  { name: 'a Bucket without name', yaml: bucket({ bucketName: undefined }), words: 'spec.bucketName: Required value' },
  { name: 'an unknown Bucket provider', yaml: bucket({ provider: 'oss' }), words: 'spec.provider: Unsupported value' },
  {
    name: 'an STS endpoint without scheme',
    yaml: bucket({ provider: 'aws', sts: { ...sts, endpoint: 'sts.example.com' } }),
    words: 'spec.sts.endpoint: Invalid value',
  },
  {
    name: 'STS for Azure',
    yaml: bucket({ provider: 'azure', sts }),
    words: "STS configuration is only supported for the 'aws' and 'generic' Bucket providers",
  },
  {
    name: 'STS of another provider for AWS',
    yaml: bucket({ provider: 'aws', sts: { ...sts, provider: 'ldap' } }),
    words: "STS provider must be 'aws' for the 'aws' Bucket provider",
  },
  {
    name: 'STS of AWS for a generic Bucket',
    yaml: bucket({ sts }),
    words: "STS provider must be 'ldap' for the 'generic' Bucket provider",
  },
  {
    name: 'a Secret for STS of AWS',
    yaml: bucket({ provider: 'aws', sts: { ...sts, secretRef } }),
    words: "spec.sts.secretRef is not required for the 'aws' STS provider",
  },
  {
    name: 'certificates for STS of AWS',
    yaml: bucket({ provider: 'aws', sts: { ...sts, certSecretRef: secretRef } }),
    words: "spec.sts.certSecretRef is not required for the 'aws' STS provider",
  },
  {
    name: 'a serviceAccountName for a generic Bucket',
    yaml: bucket({ serviceAccountName: 'sa' }),
    words: "ServiceAccountName is not supported for the 'generic' Bucket provider",
  },
  {
    name: 'a Bucket with a Secret and a ServiceAccount',
    yaml: bucket({ provider: 'gcp', secretRef, serviceAccountName: 'sa' }),
    words: 'cannot set both .spec.secretRef and .spec.serviceAccountName',
  },
  { name: 'a HelmRepository over ftp', yaml: helmRepository({ url: 'ftp://h' }), words: 'spec.url: Invalid value' },
  { name: 'an unknown repository type', yaml: helmRepository({ type: 'git' }), words: 'spec.type: Unsupported value' },
  {
    name: 'a HelmChart of an unknown source',
    yaml: helmChart({ sourceRef: { kind: 'OCIRepository', name: 'r' } }),
    words: 'spec.sourceRef.kind: Unsupported value',
  },
  {
    name: 'an unknown reconcileStrategy',
    yaml: helmChart({ reconcileStrategy: 'Always' }),
    words: 'spec.reconcileStrategy: Unsupported value',
  },
  {
    name: 'verification of a chart out of Git',
    yaml: helmChart({ sourceRef: source, verify: { provider: 'cosign' } }),
    words: "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
  },

  {
    name: 'a Kustomization without prune',
    yaml: kustomization({ prune: undefined }),
    words: 'spec.prune: Required value',
  },
  {
    name: 'a Kustomization without source',
    yaml: kustomization({ sourceRef: undefined }),
    words: 'spec.sourceRef: Required value',
  },
  {
    name: 'a source of an unknown kind',
    yaml: kustomization({ sourceRef: { ...source, kind: 'HelmChart' } }),
    words: 'spec.sourceRef.kind: Unsupported value',
  },
  {
    name: 'a negative retryInterval',
    yaml: kustomization({ retryInterval: '-1m' }),
    words: 'spec.retryInterval: Invalid value',
  },
  {
    name: 'an unknown deletionPolicy',
    yaml: kustomization({ deletionPolicy: 'Keep' }),
    words: 'spec.deletionPolicy: Unsupported value',
  },
  { name: 'an empty namePrefix', yaml: kustomization({ namePrefix: '' }), words: 'spec.namePrefix: Invalid value' },
  {
    name: 'a nameSuffix that is too long',
    yaml: kustomization({ nameSuffix: long(201) }),
    words: 'spec.nameSuffix: Too long',
  },
  {
    name: 'a targetNamespace that is too long',
    yaml: kustomization({ targetNamespace: long(64) }),
    words: 'spec.targetNamespace: Too long',
  },
  {
    name: 'unknown buildMetadata',
    yaml: kustomization({ buildMetadata: ['managedByLabel'] }),
    words: 'spec.buildMetadata[0]: Unsupported value',
  },
  {
    name: 'a patch without text',
    yaml: kustomization({ patches: [{ target: { kind: 'Pod' } }] }),
    words: 'patch: Required value',
  },
  { name: 'an image without name', yaml: kustomization({ images: [{ newTag: 'v1' }] }), words: 'name: Required value' },
  {
    name: 'variables from an unknown kind',
    yaml: kustomization({ postBuild: { substituteFrom: [{ kind: 'Pod', name: 'a' }] } }),
    words: 'kind: Unsupported value',
  },
  {
    name: 'variables from an object without a name',
    yaml: kustomization({ postBuild: { substituteFrom: [{ kind: 'Secret', name: '' }] } }),
    words: 'substituteFrom[0].name: Invalid value',
  },
  {
    name: 'an unknown substituteStrategy',
    yaml: kustomization({ postBuild: { substituteStrategy: 'Never' } }),
    words: 'spec.postBuild.substituteStrategy: Unsupported value',
  },
  {
    name: 'an unknown decryption provider',
    yaml: kustomization({ decryption: { provider: 'age' } }),
    words: 'spec.decryption.provider: Unsupported value',
  },
  { name: 'a kubeConfig without reference', yaml: kustomization({ kubeConfig: {} }), words: oneKubeConfig },
  {
    name: 'a kubeConfig with both references',
    yaml: kustomization({ kubeConfig: { secretRef, configMapRef: secretRef } }),
    words: oneKubeConfig,
  },
  {
    name: 'a health check without kind',
    yaml: kustomization({ healthChecks: [{ name: 'a' }] }),
    words: 'kind: Required value',
  },
  {
    name: 'a health expression without current',
    yaml: kustomization({ healthCheckExprs: [{ apiVersion: 'a/v1' }] }),
    words: 'current: Required value',
  },
  {
    name: 'an ignore rule without paths',
    yaml: kustomization({ ignore: [{ target: { kind: 'Pod' } }] }),
    words: 'paths: Required value',
  },

  {
    name: 'an Alert without Provider',
    yaml: alert({ providerRef: undefined }),
    words: 'spec.providerRef: Required value',
  },
  {
    name: 'an Alert without sources',
    yaml: alert({ eventSources: undefined }),
    words: 'spec.eventSources: Required value',
  },
  {
    name: 'an unknown severity',
    yaml: alert({ eventSeverity: 'warning' }),
    words: 'spec.eventSeverity: Unsupported value',
  },
  {
    name: 'an event source of an unknown kind',
    yaml: alert({ eventSources: [{ kind: 'Pod', name: 'a' }] }),
    words: 'kind: Unsupported value',
  },
  {
    name: 'an event source without name',
    yaml: alert({ eventSources: [{ kind: 'Bucket', name: '' }] }),
    words: 'eventSources[0].name: Invalid value',
  },
  {
    name: 'an event source with a namespace that is too long',
    yaml: alert({ eventSources: [{ ...source, namespace: long(254) }] }),
    words: 'eventSources[0].namespace: Too long',
  },
  { name: 'a summary that is too long', yaml: alert({ summary: long(256) }), words: 'spec.summary: Too long' },

  { name: 'an unknown Provider type', yaml: provider({ type: 'icq' }), words: 'spec.type: Unsupported value' },
  { name: 'an address that is too long', yaml: provider({ address: long(2049) }), words: 'spec.address: Too long' },
  {
    name: 'a proxy of another scheme',
    yaml: provider({ proxy: 'socks5://proxy' }),
    words: 'spec.proxy: Invalid value',
  },
  { name: 'a Provider timeout in hours', yaml: provider({ timeout: '1h' }), words: 'spec.timeout: Invalid value' },
  {
    name: 'a commitStatusExpr for a chat',
    yaml: provider({ commitStatusExpr: '"a"' }),
    words:
      'commitStatusExpr may only be set when type is github, gitlab, gitea, bitbucketserver, bitbucket or azuredevops',
  },

  {
    name: 'a Receiver without resources',
    yaml: receiver({ secretRef, resources: undefined }),
    words: 'spec.resources: Required value',
  },
  {
    name: 'an unknown Receiver type',
    yaml: receiver({ secretRef, type: 'svn' }),
    words: 'spec.type: Unsupported value',
  },
  { name: 'a Receiver without Secret', yaml: receiver({}), words: 'secretRef is required unless type is generic-oidc' },
  {
    name: 'a generic-oidc Receiver with a Secret',
    yaml: receiver({ type: 'generic-oidc', secretRef, oidcProviders }),
    words: 'secretRef must not be set when type is generic-oidc',
  },
  {
    name: 'a generic-oidc Receiver without issuers',
    yaml: receiver({ type: 'generic-oidc' }),
    words: 'oidcProviders is required when type is generic-oidc',
  },
  {
    name: 'issuers for another type',
    yaml: receiver({ secretRef, oidcProviders }),
    words: 'oidcProviders may only be set when type is generic-oidc',
  },
  {
    name: 'an issuer that is no URL',
    yaml: receiver({ type: 'generic-oidc', oidcProviders: [{ ...oidcProviders[0], issuerURL: 'issuer' }] }),
    words: 'issuerURL: Invalid value',
  },
  {
    name: 'an issuer without validations',
    yaml: receiver({ type: 'generic-oidc', oidcProviders: [{ ...oidcProviders[0], validations: [] }] }),
    words: 'validations: Invalid value',
  },
  {
    name: 'two entries for one issuer',
    yaml: receiver({ type: 'generic-oidc', oidcProviders: [...oidcProviders, ...oidcProviders] }),
    words: 'Duplicate value',
  },
];
