import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { checkStatus, ownCluster, type RunningController, startController, type TestCluster, waitFor } from '#test-kit';
import { configMap, openStage, type Stage } from './stage.ts';

type Remote = Awaited<ReturnType<typeof ownCluster>>;

let stage: Stage;
let remote: Remote;
let controller: RunningController;
let kubeconfig: string;
before(async () => {
  stage = await openStage();
  remote = await ownCluster();
  kubeconfig = await selfContained(remote);
  await namespaceOn(remote);
  controller = await startController('kustomize', { kubeconfig: stage.cluster.kubeconfigPath });
});
after(async () => {
  await controller?.[Symbol.asyncDispose]();
  await remote?.[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const sourceRef = (name: string): object => ({ kind: 'GitRepository', name });

/** A kubeconfig with everything in it, as a Secret has to hold. */
async function selfContained(cluster: Remote): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(['config', 'view', '--raw', '--flatten']);
  assert.equal(code, 0, stderr);
  return stdout === '' ? readFile(cluster.kubeconfigPath, 'utf8') : stdout;
}

async function namespaceOn(cluster: TestCluster): Promise<void> {
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: stage.namespace } });
}

async function store(name: string, data: Readonly<Record<string, string>>): Promise<void> {
  await stage.cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: stage.namespace, labels: { 'reconcile.fluxcd.io/watch': 'Enabled' } },
    stringData: data,
  });
}

const onRemote = (path: string): Promise<Record<string, unknown> | undefined> => remote.get(stage.objectPath(path));

test('objects go to the cluster of the kubeconfig, are repaired, waited for and pruned there', async () => {
  await store('access', { 'value.yaml': kubeconfig });
  await stage.publish('far', { 'a.yaml': configMap('far-a'), 'b.yaml': configMap('far-b') });
  const spec = { sourceRef: sourceRef('far'), kubeConfig: { secretRef: { name: 'access' } }, wait: true };
  await stage.kustomization('far', spec);
  checkStatus(await stage.ready('far', {}));
  assert.ok(await onRemote('configmaps/far-a'));
  assert.equal(await stage.object('configmaps/far-a'), undefined, 'nothing is applied here');

  const path = `${stage.objectPath('configmaps/far-a')}?fieldManager=someone`;
  await remote.request('PATCH', path, { data: { a: 'other' } }, 'application/merge-patch+json');
  await waitFor(async () => JSON.stringify((await onRemote('configmaps/far-a'))?.['data']) === '{"a":"1"}', {
    timeoutMs: 5000,
    what: 'the drift on the other cluster to be repaired',
  });

  const revision = await stage.publish('far', { 'a.yaml': configMap('far-a') });
  await stage.ready('far', { revision });
  assert.equal(await onRemote('configmaps/far-b'), undefined);

  await stage.cluster.kubectl(['delete', '-n', stage.namespace, 'kustomization/far']);
  assert.equal(await onRemote('configmaps/far-a'), undefined);
});

test('with serviceAccountName, the account of the other cluster applies', async () => {
  await store('access-as', { config: kubeconfig });
  await stage.publish('far-as', { 'a.yaml': configMap('far-as-a') });
  await stage.kustomization('far-as', {
    sourceRef: sourceRef('far-as'),
    kubeConfig: { secretRef: { name: 'access-as', key: 'config' } },
    serviceAccountName: 'tenant',
    retryInterval: '1s',
  });
  const user = `system:serviceaccount:${stage.namespace}:tenant`;
  await stage.ready('far-as', { status: 'False', message: new RegExp(`\\(Forbidden\\): .*"${user}" cannot patch`) });
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name: 'tenant', namespace: stage.namespace };
  await remote.apply(
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'tenant' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  );
  await waitFor(async () => (await stage.ready('far-as', {}, 500)) !== undefined, { what: 'the tenant to apply' });
  assert.ok(await onRemote('configmaps/far-as-a'));
});

for (const c of [
  {
    name: 'a Secret that is missing',
    secret: undefined,
    want: /^unable to read KubeConfig secret 'ks-\w+\/broken-0' error: secrets "broken-0" not found$/,
  },
  {
    name: 'a Secret without a kubeconfig',
    secret: { other: 'x' },
    want: /does not contain a 'value' nor 'value.yaml' key/,
  },
  {
    name: 'a kubeconfig that is not YAML',
    secret: { value: 'token: [s3cret' },
    want: /cannot be used: it is not YAML$/,
  },
  {
    name: 'a server that is not there',
    secret: {
      value: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'a',
        clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
        users: [{ name: 'a', user: { token: 's3cret' } }],
      }),
    },
    want: /^cannot reach the API server at https:\/\/127.0.0.1:1: .*ECONNREFUSED/,
  },
].entries()) {
  const [index, { name, secret, want }] = c;
  test(`${name} fails the run in words that hold nothing of it`, async () => {
    const id = `broken-${index}`;
    if (secret !== undefined) await store(id, secret);
    await stage.publish(id, { 'a.yaml': configMap(`${id}-a`) });
    await stage.kustomization(id, { sourceRef: sourceRef(id), kubeConfig: { secretRef: { name: id } } });
    const object = await stage.ready(id, { status: 'False', reason: 'ReconciliationFailed', message: want });
    checkStatus(object);
    assert.ok(!JSON.stringify(object).includes('s3cret'));
    await controller.logged(({ error }) => String(error).startsWith('failed to build kube client: '));
    // The Secret carries the watch label: its repair is noticed at once.
    await store(id, { value: kubeconfig });
    checkStatus(await stage.ready(id, {}));
  });
}

test('programs and the waiver of certificates are taken out of a kubeconfig', async () => {
  const open = kubeconfigWith({ 'insecure-skip-tls-verify': true }, { exec: execOf('/bin/false') });
  await store('unsafe', { value: JSON.stringify(open) });
  await stage.publish('unsafe', { 'a.yaml': configMap('unsafe-a') });
  await stage.kustomization('unsafe', {
    sourceRef: sourceRef('unsafe'),
    kubeConfig: { secretRef: { name: 'unsafe' } },
  });
  await stage.ready('unsafe', { status: 'False', message: /certificate|self-signed/ });
  await store('unsafe-exec', { value: JSON.stringify(kubeconfigWith(caOf(), { exec: execOf('/bin/sh') })) });
  await stage.kustomization('unsafe', {
    sourceRef: sourceRef('unsafe'),
    kubeConfig: { secretRef: { name: 'unsafe-exec' } },
  });
  // Without its program it has no credentials: the API server knows nobody of that kind.
  await stage.ready('unsafe', { status: 'False', message: /Unauthorized|anonymous|provide credentials/ });
  assert.equal(await onRemote('configmaps/unsafe-a'), undefined);
});

function execOf(command: string): object {
  const args = [
    '-c',
    `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"${remote.token}"}}'`,
  ];
  return { apiVersion: 'client.authentication.k8s.io/v1', command, args, interactiveMode: 'Never' };
}

function caOf(): object {
  const found = /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1];
  assert.ok(found);
  return { 'certificate-authority-data': found };
}

function kubeconfigWith(cluster: object, user: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    clusters: [{ name: 'a', cluster: { server: /server: (\S+)/.exec(kubeconfig)?.[1], ...cluster } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    users: [{ name: 'a', user }],
  };
}

// The last two: they change the controller and kill the cluster.
test('the two flags leave programs and the waiver in', async () => {
  await controller.stop();
  controller = await startController('kustomize', {
    kubeconfig: stage.cluster.kubeconfigPath,
    args: ['--insecure-kubeconfig-exec', '--insecure-kubeconfig-tls'],
  });
  await store('trusted', {
    value: JSON.stringify(kubeconfigWith({ 'insecure-skip-tls-verify': true }, { exec: execOf('/bin/sh') })),
  });
  await stage.publish('trusted', { 'a.yaml': configMap('trusted-a') });
  await stage.kustomization('trusted', {
    sourceRef: sourceRef('trusted'),
    kubeConfig: { secretRef: { name: 'trusted' } },
  });
  checkStatus(await stage.ready('trusted', {}));
  assert.ok(await onRemote('configmaps/trusted-a'));
});

test('a cluster that is away at deletion keeps the finalizer until it is back', async () => {
  await store('away', { value: kubeconfig });
  await stage.publish('away', { 'a.yaml': configMap('away-a') });
  await stage.kustomization('away', { sourceRef: sourceRef('away'), kubeConfig: { secretRef: { name: 'away' } } });
  await stage.ready('away', {});
  await remote.killApiServer('SIGKILL');
  await stage.cluster.kubectl(['delete', '--wait=false', '-n', stage.namespace, 'kustomization/away']);
  await controller.logged(({ error }) => /failed to build kube client: cannot reach/.test(String(error)));
  assert.ok(await stage.get('away'));
  await remote.restartApiServer();
  await waitFor(async () => (await stage.get('away')) === undefined, {
    timeoutMs: 60_000,
    what: 'the finalizer to go',
  });
  assert.equal(await onRemote('configmaps/away-a'), undefined);
});
