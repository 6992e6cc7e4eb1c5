import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkStatus, type RunningController, startController, waitFor } from '#test-kit';
import { configMap, openStage, type Stage } from './stage.ts';

let stage: Stage;
let controller: RunningController;
before(async () => {
  stage = await openStage();
  controller = await startController('kustomize', { kubeconfig: stage.cluster.kubeconfigPath });
});
after(async () => {
  await controller[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const sourceRef = (name: string): object => ({ kind: 'GitRepository', name });
const secret = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { password: 'x' } });

interface Grant {
  readonly resources: readonly string[];
  /** Of the ServiceAccount; `group`: of all ServiceAccounts of the namespace. */
  readonly to: string;
  readonly verbs?: readonly string[];
}

/** Lets an account do something in the namespace of the test. */
async function grant(name: string, { resources, to, verbs = ['*'] }: Grant): Promise<void> {
  const { namespace } = stage;
  const rbac = 'rbac.authorization.k8s.io';
  const subject =
    to === 'group'
      ? { kind: 'Group', name: `system:serviceaccounts:${namespace}`, apiGroup: rbac }
      : { kind: 'ServiceAccount', name: to, namespace };
  await stage.cluster.apply(
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name, namespace },
      rules: [{ apiGroups: [''], resources, verbs }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [subject],
    },
  );
}

async function account(name: string): Promise<void> {
  await stage.cluster.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: stage.namespace },
  });
}

function conditionMessage(object: Awaited<ReturnType<Stage['get']>>, type: string): string {
  return object?.status?.conditions?.find((condition) => condition.type === type)?.message ?? '';
}

test('an account with a narrow role does what it may, and nothing more', async () => {
  await account('narrow');
  await grant('narrow', { resources: ['configmaps'], to: 'narrow' });
  await stage.publish('narrow', { 'a.yaml': configMap('narrow-a'), 'b.yaml': secret('narrow-b') });
  await stage.kustomization('narrow', { sourceRef: sourceRef('narrow'), serviceAccountName: 'narrow' });
  const refused = await stage.ready('narrow', { status: 'False', reason: 'ReconciliationFailed' });
  checkStatus(refused);
  const user = `system:serviceaccount:${stage.namespace}:narrow`;
  assert.match(
    conditionMessage(refused, 'Ready'),
    new RegExp(`^Secret/${stage.namespace}/narrow-b dry-run failed \\(Forbidden\\): .*User "${user}" cannot patch`),
  );
  assert.equal(await stage.object('configmaps/narrow-a'), undefined);
  await stage.publish('narrow', { 'a.yaml': configMap('narrow-a') });
  checkStatus(await stage.ready('narrow', {}));
  assert.ok(await stage.object('configmaps/narrow-a'));
});

test('rights of the groups that every ServiceAccount is in count', async () => {
  await account('grouped');
  await grant('grouped', { resources: ['services'], to: 'group' });
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'grouped' }, spec: { ports: [{ port: 80 }] } };
  await stage.publish('grouped', { 'a.yaml': JSON.stringify(service) });
  await stage.kustomization('grouped', { sourceRef: sourceRef('grouped'), serviceAccountName: 'grouped' });
  checkStatus(await stage.ready('grouped', {}));
});

test('what was applied with more rights is not taken for granted with fewer', async () => {
  await account('poor');
  await stage.publish('demoted', { 'a.yaml': secret('demoted-a') });
  await stage.kustomization('demoted', { sourceRef: sourceRef('demoted') });
  await stage.ready('demoted', {});
  await stage.kustomization('demoted', { sourceRef: sourceRef('demoted'), serviceAccountName: 'poor' });
  await stage.ready('demoted', { status: 'False', reason: 'ReconciliationFailed', message: /\(Forbidden\)/ });
  assert.ok(await stage.object('secrets/demoted-a'), 'what is there stays');
});

test('health of objects that the account may not read is not told', async () => {
  await account('curious');
  await grant('curious', { resources: ['configmaps'], to: 'curious' });
  // Applied by the controller itself, so that its watch shows the object.
  await stage.publish('private', { 'a.yaml': secret('private-a') });
  await stage.kustomization('private', { sourceRef: sourceRef('private'), wait: true });
  await stage.ready('private', {});
  await stage.publish('curious', { 'a.yaml': configMap('curious-a') });
  await stage.kustomization('curious', {
    sourceRef: sourceRef('curious'),
    serviceAccountName: 'curious',
    healthChecks: [{ apiVersion: 'v1', kind: 'Secret', name: 'private-a', namespace: stage.namespace }],
  });
  await stage.ready('curious', { status: 'Unknown' });
  await grant('curious', { resources: ['configmaps', 'secrets'], to: 'curious', verbs: ['*'] });
  checkStatus(await stage.ready('curious', {}));
});

test('drift of what an account applied is repaired with its rights', async () => {
  await account('mender');
  await grant('mender', { resources: ['configmaps'], to: 'mender' });
  await stage.publish('mender', { 'a.yaml': configMap('mender-a') });
  await stage.kustomization('mender', { sourceRef: sourceRef('mender'), serviceAccountName: 'mender' });
  await stage.ready('mender', {});
  const changed = await stage.cluster.request(
    'PATCH',
    `${stage.objectPath('configmaps/mender-a')}?fieldManager=someone`,
    { data: { a: 'other' } },
    'application/merge-patch+json',
  );
  assert.equal(changed.status, 200);
  await waitFor(
    async () => {
      const data = (await stage.object('configmaps/mender-a'))?.['data'];
      return JSON.stringify(data) === '{"a":"1"}';
    },
    { timeoutMs: 5000 },
  );
});

test('variables and sources are read as the controller, whoever applies', async () => {
  await account('reader');
  await grant('reader', { resources: ['configmaps'], to: 'reader' });
  await stage.cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'reader-vars', namespace: stage.namespace },
    stringData: { word: 'hidden' },
  });
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what a variable looks like
  await stage.publish('reader', { 'a.yaml': configMap('reader-a', { a: '${word}' }) });
  await stage.kustomization('reader', {
    sourceRef: sourceRef('reader'),
    serviceAccountName: 'reader',
    postBuild: { substituteFrom: [{ kind: 'Secret', name: 'reader-vars' }] },
  });
  await stage.ready('reader', {});
  assert.deepEqual((await stage.object('configmaps/reader-a'))?.['data'], { a: 'hidden' });
});

async function remove(name: string): Promise<void> {
  const path = ['-n', stage.namespace, `kustomization/${name}`];
  const { code, stderr } = await stage.cluster.kubectl(['delete', '--wait=false', ...path]);
  assert.equal(code, 0, stderr);
  await waitFor(async () => (await stage.get(name)) === undefined, { what: `${name} to be gone` });
}

test('deletion: the account deletes; one that is gone leaves the objects and says so', async () => {
  for (const name of ['present', 'vanished']) {
    await account(name);
    await grant(name, { resources: ['configmaps'], to: name });
    await stage.publish(name, { 'a.yaml': configMap(`${name}-a`) });
    await stage.kustomization(name, { sourceRef: sourceRef(name), serviceAccountName: name });
    await stage.ready(name, {});
  }
  await stage.cluster.kubectl(['delete', '-n', stage.namespace, 'serviceaccount/vanished']);
  await remove('present');
  assert.equal(await stage.object('configmaps/present-a'), undefined);
  await remove('vanished');
  assert.ok(await stage.object('configmaps/vanished-a'));
  await controller.logged(({ msg }) => msg === `unable to prune objects: \nConfigMap/${stage.namespace}/vanished-a`);
});

test('deletion: what the account may not delete keeps the finalizer', async () => {
  await account('weak');
  await grant('weak', { resources: ['configmaps'], to: 'weak', verbs: ['get', 'patch', 'create'] });
  await stage.publish('weak', { 'a.yaml': configMap('weak-a') });
  await stage.kustomization('weak', { sourceRef: sourceRef('weak'), serviceAccountName: 'weak' });
  await stage.ready('weak', {});
  await stage.cluster.kubectl(['delete', '--wait=false', '-n', stage.namespace, 'kustomization/weak']);
  await controller.logged(({ error }) => /pruning for deleted resource failed: .*forbidden/.test(String(error)));
  assert.ok(await stage.get('weak'));
  await grant('weak', { resources: ['configmaps'], to: 'weak' });
  await waitFor(async () => (await stage.get('weak')) === undefined, { what: 'the finalizer to go' });
  assert.equal(await stage.object('configmaps/weak-a'), undefined);
});

// The last one: it changes the controller.
test('--default-service-account counts where the spec names none', async () => {
  await controller.stop();
  controller = await startController('kustomize', {
    kubeconfig: stage.cluster.kubeconfigPath,
    args: ['--default-service-account=fallback'],
  });
  await account('fallback');
  await stage.publish('fallback', { 'a.yaml': secret('fallback-a') });
  await stage.kustomization('fallback', { sourceRef: sourceRef('fallback') });
  await stage.ready('fallback', {
    status: 'False',
    message: new RegExp(`"system:serviceaccount:${stage.namespace}:fallback" cannot patch`),
  });
  await account('special');
  await grant('special', { resources: ['secrets'], to: 'special' });
  await stage.kustomization('fallback', { sourceRef: sourceRef('fallback'), serviceAccountName: 'special' });
  checkStatus(await stage.ready('fallback', {}));
});
