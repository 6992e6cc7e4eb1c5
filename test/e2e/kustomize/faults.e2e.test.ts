import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { checkStatus, type RunningController, startController, waitFor } from '#test-kit';
import { configMap, type KustomizationObject, openStage, type Stage } from './stage.ts';

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

/** Publishes, applies, and waits for the failure. */
async function failing(
  name: string,
  files: Readonly<Record<string, string>>,
  want: { readonly reason: string; readonly message: RegExp },
  spec: object = {},
): Promise<KustomizationObject> {
  await stage.publish(name, files);
  await stage.kustomization(name, { sourceRef: sourceRef(name), ...spec });
  const object = await stage.ready(name, { status: 'False', ...want });
  checkStatus(object);
  return object;
}

for (const c of [
  {
    name: 'a path that does not exist',
    files: { 'a.yaml': configMap('a') },
    spec: { path: './deploy/prod' },
    reason: 'ArtifactFailed',
    message: /^kustomization path not found: stat deploy\/prod: no such file or directory$/,
  },
  {
    name: 'a file that does not parse, listed in a kustomization',
    files: {
      'kustomization.yaml': 'resources: [apps/bad.yaml]\n',
      'apps/bad.yaml': 'kind: ConfigMap\nmetadata:\n  name: [\n',
    },
    reason: 'BuildFailed',
    message: /^kustomize build failed: .*yaml: line \d+: .*apps\/bad\.yaml/,
  },
  {
    name: 'a file that does not parse, found by a scan',
    files: { 'apps/bad.yaml': 'kind: ConfigMap\nmetadata:\n  name: [\n' },
    reason: 'BuildFailed',
    message: /^failed to decode Kubernetes YAML from apps\/bad\.yaml: MalformedYAMLError: yaml: line \d+: /,
  },
  {
    name: 'an object without kind',
    files: { 'apps/a.yaml': 'apiVersion: v1\nmetadata:\n  name: x\n' },
    reason: 'BuildFailed',
    message: /^failed to decode Kubernetes YAML from apps\/a\.yaml: missing kind in object on line 1$/,
  },
  {
    name: 'an unknown kind',
    files: { 'a.yaml': 'apiVersion: example.org/v1\nkind: Foo\nmetadata:\n  name: x\n' },
    reason: 'ReconciliationFailed',
    message:
      /^Foo\/ks-\w+\/x dry-run failed: no matches for kind "Foo" in version "example\.org\/v1" \(in a\.yaml, line 1\)\n$/,
  },
  {
    name: 'a namespace that is missing',
    files: { 'a.yaml': configMap('x') },
    spec: { targetNamespace: 'nowhere' },
    reason: 'ReconciliationFailed',
    message: /^ConfigMap\/nowhere\/x not found: namespaces "nowhere" not found \(in a\.yaml, line 1\)\n$/,
  },
  {
    name: 'a variable that is not set',
    files: { 'a.yaml': configMap('x', { k: '${missing}' }) },
    spec: { postBuild: { substitute: { other: '1' } } },
    reason: 'BuildFailed',
    message:
      /^post build failed for 'ConfigMap\.v1\.\[noGrp\]\/x': envsubst error: variable substitution failed: variable not set \(strict mode\): "missing"$/,
  },
]) {
  test(`${c.name} is told`, async () => {
    const name = `f-${c.name.replaceAll(/[^a-z]+/g, '-')}`.slice(0, 50).replace(/-$/, '');
    await failing(name, c.files, c, c.spec);
  });
}

test('all bad objects of a stage are named, and nothing of it is applied', async () => {
  const bad = (name: string): string => configMap(name).replace('"1"', '1');
  const object = await failing(
    'two-bad',
    { 'a.yaml': bad('bad-a'), 'b.yaml': bad('bad-b'), 'c.yaml': configMap('good-c') },
    {
      reason: 'ReconciliationFailed',
      message: /ConfigMap\/ks-\w+\/bad-a dry-run failed[^]*ConfigMap\/ks-\w+\/bad-b dry-run failed/,
    },
  );
  assert.equal(await stage.object('configmaps/good-c'), undefined);
  assert.deepEqual(object.status?.inventory?.entries ?? [], []);
  assert.equal(object.status?.observedGeneration, -1);
});

test('an immutable field fails, and is replaced by force', async () => {
  const secret = (value: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'fixed' },
      immutable: true,
      stringData: { k: value },
    });
  await stage.publish('immutable', { 'a.yaml': secret('one') });
  await stage.kustomization('immutable', { sourceRef: sourceRef('immutable') });
  await stage.ready('immutable', {});
  await stage.publish('immutable', { 'a.yaml': secret('two') });
  const failed = await stage.ready('immutable', {
    status: 'False',
    reason: 'ReconciliationFailed',
    message: /Secret\/ks-\w+\/fixed dry-run failed \(Invalid\): .*immutable/,
  });
  checkStatus(failed);
  assert.doesNotMatch(JSON.stringify(failed.status), /dHdv|"two"/);
  await stage.kustomization('immutable', { sourceRef: sourceRef('immutable'), force: true });
  checkStatus(await stage.ready('immutable', {}));
  assert.deepEqual((await stage.object('secrets/fixed'))?.['data'], { k: Buffer.from('two').toString('base64') });
});

test('a source that is missing, or has no artifact yet, is waited for', async () => {
  await stage.kustomization('no-source', { sourceRef: sourceRef('no-source') });
  checkStatus(
    await stage.ready('no-source', {
      status: 'False',
      reason: 'ArtifactFailed',
      message: /^GitRepository\.source\.toolkit\.fluxcd\.io "no-source" not found$/,
    }),
  );
  await stage.cluster.apply({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'no-source', namespace: stage.namespace },
    spec: { interval: '1h', url: 'http://127.0.0.1/none' },
  });
  const revision = await stage.publish('no-source', { 'a.yaml': configMap('no-source-a') });
  checkStatus(await stage.ready('no-source', { revision }, 5000));
});

test('an artifact whose digest is wrong is not used', async () => {
  const archive = await stage.store.put({ 'a.yaml': configMap('digest-a') });
  await stage.announce('digest', { ...archive, digest: `sha256:${'0'.repeat(64)}` });
  await stage.kustomization('digest', { sourceRef: sourceRef('digest') });
  const object = await stage.ready('digest', {
    status: 'False',
    reason: 'ArtifactFailed',
    message:
      /^failed to verify archive: computed digest doesn't match provided 'sha256:0{64}' \(check whether file size exceeds max download size\)$/,
  });
  checkStatus(object);
  assert.equal(object.status?.lastAttemptedRevision, undefined);
  assert.equal(await stage.object('configmaps/digest-a'), undefined);
});

test('an artifact that vanished is waited for without an alarm', async () => {
  const archive = await stage.store.put({ 'a.yaml': configMap('gone-a') });
  stage.store.remove(archive);
  await stage.announce('gone', archive);
  await stage.kustomization('gone', { sourceRef: sourceRef('gone') });
  checkStatus(
    await stage.ready('gone', {
      status: 'False',
      reason: 'ArtifactFailed',
      message: /^Source is not ready, artifact not found, retrying in 30s$/,
    }),
  );
  const revision = await stage.publish('gone', { 'a.yaml': configMap('gone-a') });
  checkStatus(await stage.ready('gone', { revision }, 5000));
});

test('an archive entry that climbs out is refused', async () => {
  const archive = stage.store.putBytes(gzipSync(climbingTar()));
  await stage.announce('climb', archive);
  await stage.kustomization('climb', { sourceRef: sourceRef('climb') });
  checkStatus(
    await stage.ready('climb', { status: 'False', reason: 'ArtifactFailed', message: /leads out of the archive/ }),
  );
});

/** One file named `../../climbed`, with no more of the format than a reader checks. */
function climbingTar(): Buffer {
  const header = Buffer.alloc(512);
  header.write('../../climbed', 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write('00000000001\0', 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const content = Buffer.alloc(512);
  content.write('x');
  return Buffer.concat([header, content, Buffer.alloc(1024)]);
}

test('a field that is not honoured yet stalls the object and is named', async () => {
  await stage.publish('later', { 'a.yaml': configMap('later-a') });
  await stage.kustomization('later', {
    sourceRef: sourceRef('later'),
    kubeConfig: { configMapRef: { name: 'cloud' } },
  });
  const object = await stage.ready('later', { status: 'False', message: /spec\.kubeConfig\.configMapRef/ });
  assert.equal(object.status?.conditions?.find(({ type }) => type === 'Stalled')?.status, 'True');
  checkStatus(object);
  assert.equal(await stage.object('configmaps/later-a'), undefined);
  await stage.kustomization('later', { sourceRef: sourceRef('later'), kubeConfig: null });
  checkStatus(await stage.ready('later', {}));
});

test('two Kustomizations with one object are told of each other, and do not chase each other', async () => {
  await stage.publish('claim', {
    'a/x.yaml': configMap('claimed', { from: 'a' }),
    'b/x.yaml': configMap('claimed', { from: 'b' }),
  });
  await stage.kustomization('claim-a', { sourceRef: sourceRef('claim'), path: 'a' });
  await stage.ready('claim-a', {});
  await stage.kustomization('claim-b', { sourceRef: sourceRef('claim'), path: 'b' });
  await stage.ready('claim-b', {});
  await controller.logged(({ msg }) =>
    new RegExp(
      `^ConfigMap/${stage.namespace}/claimed is also applied by Kustomization/${stage.namespace}/claim-[ab]`,
    ).test(String(msg)),
  );
  await sleep(500);
  const version = async (): Promise<unknown> => {
    const object = await stage.object('configmaps/claimed');
    assert.ok(object);
    return (object['metadata'] as { resourceVersion?: unknown }).resourceVersion;
  };
  const before = await version();
  await sleep(2500);
  assert.equal(await version(), before);
  checkStatus(await stage.ready('claim-a', {}));
  checkStatus(await stage.ready('claim-b', {}));
});

test('a failed run keeps what was applied before, and what it did apply is not lost', async () => {
  const role = (name: string): string =>
    JSON.stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `${stage.namespace}-${name}` },
      rules: [],
    });
  await stage.publish('partial', { 'a.yaml': configMap('partial-a') });
  await stage.kustomization('partial', { sourceRef: sourceRef('partial') });
  await stage.ready('partial', {});
  await stage.publish('partial', { 'a.yaml': configMap('partial-a').replace('"1"', '1'), 'r.yaml': role('early') });
  const failed = await stage.ready('partial', {
    status: 'False',
    reason: 'ReconciliationFailed',
    message: /early created\n$/,
  });
  checkStatus(failed);
  const ids = failed.status?.inventory?.entries.map(({ id }) => id) ?? [];
  assert.deepEqual(ids.toSorted(), [
    `_${stage.namespace}-early_rbac.authorization.k8s.io_ClusterRole`,
    `${stage.namespace}_partial-a__ConfigMap`,
  ]);
  const revision = await stage.publish('partial', { 'a.yaml': configMap('partial-a') });
  await stage.ready('partial', { revision });
  const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${stage.namespace}-early`;
  await waitFor(async () => (await stage.cluster.get(path)) === undefined, { what: 'the role to be pruned' });
});

test('the controller has survived all of it', () => {
  assert.doesNotThrow(() => process.kill(controller.pid, 0));
});
