import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkStatus, type Files } from '#test-kit';
import { conditionOf } from './live.ts';
import { clusterRole, configMap, gitRepository, kustomization, notificationObjects } from './manifests.ts';
import { checkOwnership } from './orphans.ts';
import { openPlatform, pathOf, type Platform } from './platform.ts';
import { alertAbout, warningAbout } from './told.ts';

let platform: Platform;
let namespace: string;
before(async () => {
  platform = await openPlatform();
  namespace = await platform.cluster.namespace('apply');
  await platform.apply(...notificationObjects(namespace, 'none', platform.alerts.url));
  await platform.ready('receivers', namespace, 'none');
});
after(() => platform?.[Symbol.asyncDispose]());

/** A good commit is applied, the next one is bad, and the third mends it: what was there stays all the time. */
interface Case {
  readonly name: string;
  readonly good?: Files;
  readonly bad: Files;
  readonly spec?: object;
  readonly reason: string;
  message(): string | RegExp;
  /** The commit that mends it; what is mended elsewhere has `mend`. */
  readonly mended?: Files;
  mend?(): Promise<unknown>;
}

const job = (image: string): string =>
  JSON.stringify({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'migrate' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } } },
  });

const cases: readonly Case[] = [
  {
    name: 'no-path',
    bad: { 'apps/keep.yaml': null, 'elsewhere/keep.yaml': configMap('keep') },
    reason: 'ArtifactFailed',
    message: () => 'kustomization path not found: stat apps: no such file or directory',
    mended: { 'apps/keep.yaml': configMap('keep'), 'elsewhere/keep.yaml': null },
  },
  {
    name: 'no-yaml',
    bad: { 'apps/web/broken.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n' },
    reason: 'BuildFailed',
    message: () =>
      'failed to decode Kubernetes YAML from apps/web/broken.yaml: MalformedYAMLError: yaml: line 4: found character that cannot start any token',
    mended: { 'apps/web/broken.yaml': configMap('mended') },
  },
  {
    name: 'no-kind',
    bad: { 'apps/kindless.yaml': 'apiVersion: v1\nmetadata:\n  name: x\n' },
    reason: 'BuildFailed',
    message: () => 'failed to decode Kubernetes YAML from apps/kindless.yaml: missing kind in object on line 1',
    mended: { 'apps/kindless.yaml': configMap('mended') },
  },
  {
    name: 'unknown-kind',
    bad: { 'apps/foo.yaml': 'apiVersion: e2e.example.org/v1\nkind: Foo\nmetadata:\n  name: x\n' },
    reason: 'ReconciliationFailed',
    message: () =>
      `Foo/${namespace}/x dry-run failed: no matches for kind "Foo" in version "e2e.example.org/v1" (in apps/foo.yaml, line 1)\n`,
    mend: () => platform.cluster.apply(customResource('Foo')),
  },
  {
    name: 'no-namespace',
    bad: { 'apps/far.yaml': configMap('far').replace('"name"', '"namespace":"e2e-later","name"') },
    spec: { targetNamespace: undefined },
    good: { 'apps/role.yaml': clusterRole('e2e-no-namespace') },
    reason: 'ReconciliationFailed',
    message: () => 'ConfigMap/e2e-later/far not found: namespaces "e2e-later" not found (in apps/far.yaml, line 1)\n',
    mend: () => platform.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'e2e-later' } }),
  },
  {
    name: 'immutable',
    good: { 'apps/job.yaml': job('x:1') },
    bad: { 'apps/job.yaml': job('x:2') },
    reason: 'ReconciliationFailed',
    message: () =>
      new RegExp(
        `^Job/${namespace}/migrate dry-run failed \\(Invalid\\): .*field is immutable \\(in apps/job\\.yaml, line 1\\)\n$`,
        's',
      ),
    mend: () => platform.apply(kustomization(namespace, 'immutable', 'immutable', { ...standard, force: true })),
  },
];

const standard = {
  path: './apps',
  get targetNamespace() {
    return namespace;
  },
  retryInterval: '2s',
};

function customResource(kind: string, scope = 'Namespaced'): object {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.e2e.example.org` },
    spec: {
      group: 'e2e.example.org',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

for (const c of cases) {
  test(`apply: ${c.name} is told in condition, Event and alert, keeps what was there, and is mended`, async () => {
    const { name } = c;
    const spec = { ...standard, ...c.spec };
    const good = c.good ?? { 'apps/keep.yaml': configMap('keep') };
    const prefix = { namePrefix: c.good === undefined && name !== 'unknown-kind' ? `${name}-` : undefined };
    const first = await platform.git.createRepository(name, good);
    await platform.apply(
      gitRepository(namespace, name, platform.git.repositoryUrl(name)),
      kustomization(namespace, name, name, { ...spec, ...prefix }),
    );
    const before_ = await platform.ready('kustomizations', namespace, name, { commit: first });
    const bad = await platform.git.commit(name, c.bad, 'Break it');
    await platform.request('gitrepositories', namespace, name);
    const failed = await platform.ready('kustomizations', namespace, name, { status: 'False', reason: c.reason });
    const message = c.message();
    const ready = failed.status.conditions.find(({ type }) => type === 'Ready');
    if (typeof message === 'string') assert.equal(ready?.message, message);
    else assert.match(ready?.message ?? '', message);
    checkStatus(failed, { settled: false });
    assert.ok(failed.status.lastAppliedRevision?.endsWith(first));
    const ids = failed.status.inventory.entries.map(({ id }) => id);
    for (const { id } of before_.status.inventory.entries) assert.ok(ids.includes(id), `${id} is still owned`);
    await checkOwnership(platform.cluster, [namespace]);
    const warning = await warningAbout(platform.cluster, namespace, 'Kustomization', name);
    assert.deepEqual([warning.reason, warning.message.trimEnd()], [c.reason, ready?.message.trimEnd()]);
    const alert = await alertAbout(platform.alerts, namespace, 'Kustomization', name, 'error');
    assert.deepEqual([alert.reason, alert.message.trimEnd()], [c.reason, ready?.message.trimEnd()]);
    assert.equal(alert.metadata?.['revision'], `main@sha1:${bad}`);

    let last = bad;
    if (c.mended !== undefined) {
      last = await platform.git.commit(name, c.mended, 'Mend it');
      await platform.request('gitrepositories', namespace, name);
    }
    await c.mend?.();
    const mended = await platform.ready('kustomizations', namespace, name, { commit: last });
    checkStatus(mended);
    assert.equal((await checkOwnership(platform.cluster, [namespace])) > 0, true);
  });
}

test('apply: two Kustomizations that claim one object are told, and the object stays when one leaves it', async () => {
  await platform.git.createRepository('claims', {
    'a/shared.yaml': configMap('shared', { from: 'a' }),
    'b/shared.yaml': configMap('shared', { from: 'b' }),
    'b/own.yaml': configMap('own'),
  });
  await platform.apply(
    gitRepository(namespace, 'claims', platform.git.repositoryUrl('claims')),
    kustomization(namespace, 'claim-a', 'claims', { path: './a', targetNamespace: namespace }),
  );
  await platform.ready('kustomizations', namespace, 'claim-a');
  await platform.apply(kustomization(namespace, 'claim-b', 'claims', { path: './b', targetNamespace: namespace }));
  await platform.ready('kustomizations', namespace, 'claim-b');
  await platform.controllers.kustomize.logged(({ msg }) =>
    String(msg).startsWith(`ConfigMap/${namespace}/shared is also applied by Kustomization/${namespace}/claim-`),
  );
  const commit = await platform.git.commit(
    'claims',
    { 'a/shared.yaml': null, 'a/other.yaml': configMap('other') },
    'Leave it to b',
  );
  await platform.request('gitrepositories', namespace, 'claims');
  checkStatus(await platform.ready('kustomizations', namespace, 'claim-a', { commit }));
  checkStatus(await platform.ready('kustomizations', namespace, 'claim-b', { commit }));
  assert.deepEqual((await platform.get('configmaps', namespace, 'shared'))?.data, { from: 'b' });
  await checkOwnership(platform.cluster, [namespace]);
});

test('apply: a cluster-scoped object is one object, whatever namespace its manifest gets', async () => {
  await platform.cluster.apply(customResource('Zoo', 'Cluster'));
  const path = '/apis/e2e.example.org/v1/zoos/e2e-zoo';
  const uid = async (): Promise<unknown> => ((await platform.cluster.get(path))?.['metadata'] as { uid?: string })?.uid;
  const zoo = JSON.stringify({ apiVersion: 'e2e.example.org/v1', kind: 'Zoo', metadata: { name: 'e2e-zoo' } });
  await platform.git.createRepository('zoo', { 'zoo.yaml': zoo, 'a.yaml': configMap('zoo-keeper') });
  await platform.apply(gitRepository(namespace, 'zoo', platform.git.repositoryUrl('zoo')));
  const wanted = [`${namespace}_zoo-keeper__ConfigMap`, '_e2e-zoo_e2e.example.org_Zoo'];
  let first: unknown;
  // kustomize cannot know the scope of the kind: with a target namespace the manifest names it.
  for (const spec of [
    { targetNamespace: namespace },
    { patches: [{ target: { kind: 'ConfigMap' }, patch: namespacePatch(namespace) }] },
    { targetNamespace: namespace },
  ]) {
    await platform.apply(kustomization(namespace, 'zoo', 'zoo', spec));
    const object = await platform.ready('kustomizations', namespace, 'zoo');
    checkStatus(object);
    assert.deepEqual(object.status.inventory.entries.map(({ id }) => id).toSorted(), wanted.toSorted());
    first ??= await uid();
    assert.ok(first !== undefined);
    assert.equal(await uid(), first);
  }
  const { code, stderr } = await platform.cluster.kubectl([
    'annotate',
    '--field-manager=someone',
    'zoo/e2e-zoo',
    'by=hand',
  ]);
  assert.equal(code, 0, stderr);
  const commit = await platform.git.commit('zoo', { 'zoo.yaml': null }, 'Close it');
  await platform.request('gitrepositories', namespace, 'zoo');
  checkStatus(await platform.ready('kustomizations', namespace, 'zoo', { commit }));
  assert.equal(await platform.cluster.get(path), undefined);
});

function namespacePatch(name: string): string {
  return JSON.stringify([{ op: 'add', path: '/metadata/namespace', value: name }]);
}

test('apply: an archive that vanished or was tampered with is not used, and comes again', async (t) => {
  const folder = join(platform.controllers.source.dir, 'data');
  const want = {
    vanished: 'Source is not ready, artifact not found, retrying in 30s',
    tampered: /^failed to verify archive: computed digest doesn't match provided 'sha256:[0-9a-f]{64}'/,
  };
  for (const [name, message] of Object.entries(want)) {
    await t.test(name, async () => {
      await platform.git.createRepository(name, { 'a.yaml': configMap(name) });
      await platform.apply(gitRepository(namespace, name, platform.git.repositoryUrl(name)));
      const stored = await platform.ready('gitrepositories', namespace, name);
      const file = join(folder, stored.status.artifact?.path ?? '');
      if (name === 'vanished') await rm(file);
      else await writeFile(file, 'not what was announced');
      const spec = { targetNamespace: namespace, retryInterval: '2s' };
      await platform.apply(kustomization(namespace, name, name, spec));
      const refused = await platform.ready('kustomizations', namespace, name, {
        status: 'False',
        reason: 'ArtifactFailed',
        message,
      });
      checkStatus(refused, { settled: false });
      assert.equal(await platform.get('configmaps', namespace, name), undefined);
      const commit = name === 'tampered' ? await platform.git.commit(name, { 'b.yaml': configMap('b') }, 'New') : '';
      await platform.request('gitrepositories', namespace, name);
      checkStatus(await platform.ready('gitrepositories', namespace, name, { commit }));
      checkStatus(await platform.ready('kustomizations', namespace, name, { commit }));
    });
  }
});

test('apply: a cycle of dependencies is named, and ends when it is cut', async () => {
  await platform.git.createRepository('cycle', { 'a.yaml': configMap('cycle') });
  const spec = { targetNamespace: namespace };
  const unit = (name: string, on: readonly string[]): object =>
    kustomization(namespace, name, 'cycle', {
      ...spec,
      namePrefix: `${name}-`,
      dependsOn: on.map((other) => ({ name: other })),
    });
  await platform.apply(
    unit('one', ['two']),
    unit('two', ['one']),
    gitRepository(namespace, 'cycle', platform.git.repositoryUrl('cycle')),
  );
  for (const [name, other] of [
    ['one', 'two'],
    ['two', 'one'],
  ] as const) {
    const path = [name, other, name].map((part) => `${namespace}/${part}`).join(' -> ');
    const object = await platform.ready('kustomizations', namespace, name, {
      status: 'False',
      reason: 'DependencyNotReady',
    });
    assert.equal(conditionOf(object, 'Ready'), `False DependencyNotReady: circular dependency detected: ${path}`);
  }
  await platform.apply(unit('two', []));
  for (const name of ['one', 'two']) checkStatus(await platform.ready('kustomizations', namespace, name));
});

test('apply: the processes live, and a deleted namespace leaves nothing that is owned', async () => {
  for (const controller of Object.values(platform.controllers))
    assert.doesNotThrow(() => process.kill(controller.pid, 0));
  const all = await platform.cluster.get(pathOf('kustomizations', namespace, '').replace(/\/$/, ''));
  assert.ok(Array.isArray(all?.['items']) && all['items'].length > cases.length);
  const { code, stderr } = await platform.cluster.kubectl([
    'delete',
    'kustomizations',
    '--all',
    '-n',
    namespace,
    '--timeout=30s',
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(await checkOwnership(platform.cluster, [namespace]), 0);
});
