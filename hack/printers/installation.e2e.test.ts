import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Cluster, startCluster } from '#cluster';
import { badSamples } from './bad-samples.ts';
import { installManifests } from './manifests.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let cluster: Cluster;

let installed: string;

before(async () => {
  cluster = await startCluster();
  installed = await kubectl(['apply', '-k', join(root, 'config/default')]);
  await kubectl([
    'wait',
    '--for=condition=Established',
    'crd',
    '-l',
    'app.kubernetes.io/part-of=flux',
    '--timeout=30s',
  ]);
});

after(async () => {
  await cluster.stop();
});

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input });
  assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}`);
  assert.equal(stderr, '', 'a warning of the API server');
  return stdout;
}

const answerOf = (input: string) =>
  cluster.kubectl(['create', '--dry-run=server', '--namespace=flux-system', '-f', '-'], { input });

test('the API server finds nothing to complain about in our schemas', async () => {
  // NonStructuralSchema and violations of x-kubernetes rules show as conditions, not as refusals.
  const conditions = await kubectl([
    'get',
    'crd',
    '-o',
    'jsonpath={range .items[*].status.conditions[*]}{.type}={.status}{"\\n"}{end}',
  ]);
  assert.deepEqual(new Set(conditions.trim().split('\n')), new Set(['NamesAccepted=True', 'Established=True']));
});

test('kubectl apply -k config/default installs everything into an empty cluster at once', () => {
  const lines = installed.trim().split('\n');
  assert.equal(lines.length, installManifests(root).match(/^kind: /gm)?.length, installed);
  assert.deepEqual(
    lines.filter((line) => !line.endsWith(' created')),
    [],
  );
});

test('a second apply changes nothing', async () => {
  const lines = (await kubectl(['apply', '-k', join(root, 'config/default')])).trim().split('\n');
  assert.deepEqual(
    lines.filter((line) => !line.endsWith(' unchanged') && !line.endsWith(' configured')),
    [],
  );
});

test('each ServiceAccount may do what its controller does, and no more', async () => {
  const can = async (account: string, ...what: readonly string[]): Promise<string> =>
    (
      await cluster.kubectl(['auth', 'can-i', ...what, `--as=system:serviceaccount:flux-system:${account}`])
    ).stdout.trim();
  assert.equal(await can('source-controller', 'patch', 'gitrepositories/status', '-n', 'team'), 'yes');
  assert.equal(await can('source-controller', 'patch', 'kustomizations', '-n', 'team'), 'no');
  assert.equal(await can('source-controller', 'get', 'secrets', '-n', 'team'), 'yes');
  assert.equal(await can('source-controller', 'list', 'secrets', '-n', 'team'), 'no');
  assert.equal(await can('source-controller', 'update', 'leases', '-n', 'flux-system'), 'yes');
  assert.equal(await can('source-controller', 'update', 'leases', '-n', 'team'), 'no');
  assert.equal(await can('notification-controller', 'patch', 'gitrepositories', '-n', 'team'), 'yes');
  assert.equal(await can('notification-controller', 'delete', 'gitrepositories', '-n', 'team'), 'no');
  assert.equal(await can('kustomize-controller', 'delete', 'namespaces'), 'yes');
});

for (const file of globSync('config/samples/*.yaml', { cwd: root })) {
  test(`${file} is taken with strict field validation`, async () => {
    await kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', join(root, file)]);
  });
}

for (const { name, yaml, words } of badSamples) {
  test(`the API server refuses ${name}`, async () => {
    const { code, stderr } = await answerOf(yaml);
    assert.equal(code, 1, 'it was taken');
    assert.ok(stderr.includes(words), `expected ${JSON.stringify(words)} in: ${stderr}`);
  });
}

test('every rule across fields has a bad sample', () => {
  const schemas = globSync('config/crd/*.yaml', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
  const messages = schemas.flatMap((text) => [...text.matchAll(/^ +message: (.+)$/gm)].map(([, message]) => message));
  assert.ok(messages.length >= 8, `found only ${messages.length} rules`);
  const unproven = messages.filter((message) => !badSamples.some(({ words }) => message?.includes(words)));
  assert.deepEqual(unproven, []);
});

test('a fresh object gets the defaults, a status that differs from a handled one, and its columns', async () => {
  await kubectl(['apply', '-f', join(root, 'config/samples/gitrepository.yaml')]);
  await kubectl(['apply', '-f', join(root, 'config/samples/receiver.yaml')]);
  await kubectl(['apply', '-f', join(root, 'config/samples/kustomization.yaml')]);
  const read = async (resource: string, path: string): Promise<string> =>
    kubectl(['get', '-n', 'flux-system', resource, '-o', `jsonpath={${path}}`]);
  assert.equal(await read('gitrepo/podinfo', '.status'), '{"observedGeneration":-1}');
  assert.equal(await read('gitrepo/podinfo-releases', '.spec.timeout'), '60s');
  assert.equal(await read('ks/backend', '.spec.force'), 'false');
  assert.equal(await read('ks/frontend', '.spec.postBuild.substituteFrom[0].optional'), 'false');
  assert.equal(await read('receiver/pipeline', '.spec.interval'), '10m');
  const header = async (resource: string): Promise<string | undefined> =>
    (await kubectl(['get', '-n', 'flux-system', resource])).split('\n')[0]?.replaceAll(/ +/g, ' ').trim();
  assert.equal(await header('gitrepositories'), 'NAME URL AGE READY STATUS');
  await kubectl(['apply', '-f', join(root, 'config/samples/ocirepository.yaml')]);
  await kubectl(['apply', '-f', join(root, 'config/samples/bucket.yaml')]);
  await kubectl(['apply', '-f', join(root, 'config/samples/helmrepository.yaml')]);
  await kubectl(['apply', '-f', join(root, 'config/samples/helmchart.yaml')]);
  await kubectl(['apply', '-f', join(root, 'config/samples/externalartifact.yaml')]);
  assert.equal(await read('ea/generated', '.status'), '');
  assert.equal(await read('hc/podinfo-git', '.spec.version'), '*');
  assert.equal(await header('ocirepo'), 'NAME URL READY STATUS AGE');
  assert.equal(await header('buckets'), 'NAME ENDPOINT AGE READY STATUS');
  assert.equal(await header('helmrepo'), 'NAME URL AGE READY STATUS');
  assert.equal(await header('hc'), 'NAME CHART VERSION SOURCE KIND SOURCE NAME AGE READY STATUS');
  assert.equal(await header('ea'), 'NAME AGE READY STATUS SOURCE');
  assert.equal(await header('ks'), 'NAME AGE READY STATUS');
  assert.equal(await header('receivers'), 'NAME AGE READY STATUS');
});
