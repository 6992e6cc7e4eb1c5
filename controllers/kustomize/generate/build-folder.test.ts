import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { printDocuments } from '#kustomize';
import { BuildError, buildFolder } from './build-folder.ts';
import type { BuildSpec } from './merge-spec.ts';

const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
const kustomization = (text: string): string =>
  `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${text}`;

let folder = '';
let count = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'build-folder-'));
});
after(() => rm(folder, { recursive: true }));

async function artifact(files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, String(count++));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

async function names(files: Readonly<Record<string, string>>, path: string, spec: BuildSpec = {}): Promise<string[]> {
  const { resources: built } = await buildFolder(await artifact(files), path, spec);
  return [...printDocuments(built).matchAll(/^ {2}name: (.*)$/gm)].map((match) => match[1] ?? '');
}

test('buildFolder scans a folder without a kustomization file: hidden files too, kustomizations as a whole', async () => {
  const files = {
    'deploy/b.yml': configMap('b'),
    'deploy/.hidden/a.yaml': configMap('hidden'),
    'deploy/app/kustomization.yaml': kustomization('resources: [x.yaml]\nnamePrefix: app-\n'),
    'deploy/app/x.yaml': configMap('x'),
    'deploy/app/unlisted.yaml': configMap('unlisted'),
    'deploy/notes.txt': 'not: [yaml',
    'other.yaml': configMap('other'),
  };
  assert.deepEqual(await names(files, 'deploy'), ['hidden', 'app-x', 'b']);
});

test('buildFolder makes nothing of an empty folder', async () => {
  assert.deepEqual(await names({ 'deploy/readme.md': '' }, 'deploy'), []);
});

test('buildFolder puts the spec over the file', async () => {
  const files = {
    'kustomization.yml': kustomization('resources: [x.yaml]\nnamespace: file\nnamePrefix: file-\nunknownField: 1\n'),
    'x.yaml': configMap('x'),
  };
  const { resources: built } = await buildFolder(await artifact(files), '', {
    targetNamespace: 'spec',
    namePrefix: 'spec-',
    nameSuffix: '-s',
    patches: [{ patch: '[{"op": "add", "path": "/data", "value": {"a": "yes"}}]', target: { kind: 'ConfigMap' } }],
  });
  assert.equal(
    printDocuments(built),
    'apiVersion: v1\ndata:\n  a: "yes"\nkind: ConfigMap\nmetadata:\n  name: spec-x-s\n  namespace: spec\n',
  );
});

test('buildFolder merges images by name: a new tag takes the place of a digest', async () => {
  const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
spec:
  template:
    spec:
      containers:
      - image: web:1
        name: web
      - image: sidecar:1
        name: sidecar
`;
  const digest = `sha256:${'0'.repeat(64)}`;
  const images = `resources: [d.yaml]\nimages:\n- name: web\n  newName: r/web\n  digest: ${digest}\n- name: sidecar\n  newTag: "2"\n`;
  const files = { 'kustomization.yaml': kustomization(images), 'd.yaml': deployment };
  const { resources: built } = await buildFolder(await artifact(files), '', { images: [{ name: 'web', newTag: '3' }] });
  assert.match(printDocuments(built), /image: r\/web:3\n[\s\S]*image: sidecar:2\n/);
});

test('buildFolder marks the origin where a file lists no resources', async () => {
  const files = { 'kustomization.yaml': kustomization('configMapGenerator:\n- name: g\n  literals: [a=b]\n') };
  const { resources: built } = await buildFolder(await artifact(files), '', {});
  assert.match(printDocuments(built), /config\.kubernetes\.io\/origin/);
});

test('buildFolder adds components, and leaves missing ones out only when told to', async () => {
  const files = {
    'deploy/kustomization.yaml': kustomization('resources: [x.yaml]\n'),
    'deploy/x.yaml': configMap('x'),
    'components/c/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n',
  };
  assert.deepEqual(await names(files, 'deploy', { components: ['../components/c'] }), ['c-x']);
  await assert.rejects(names(files, 'deploy', { components: ['../components/gone'] }), BuildError);
  const components = ['../components/gone', '../components/c'];
  assert.deepEqual(await names(files, 'deploy', { components, ignoreMissingComponents: true }), ['c-x']);
});

for (const path of ['/abs', 'https://example.org/c', 'git@example.org:c', 'GitHub.com/a/b', 'file:///c']) {
  test(`buildFolder refuses the component ${path}`, async () => {
    await assert.rejects(
      names({ 'kustomization.yaml': kustomization('resources: []\n') }, '', { components: [path] }),
      new BuildError(`component path '${path}' must be local and relative`),
    );
  });
}

test('buildFolder reads bases above its folder but not above the artifact', async () => {
  const files = {
    'overlays/a/kustomization.yaml': kustomization('resources: [../../base]\n'),
    'base/kustomization.yaml': kustomization('resources: [../shared.yaml]\n'),
    'shared.yaml': configMap('shared'),
    'overlays/out/kustomization.yaml': kustomization('resources: [../../../secret.yaml]\n'),
  };
  assert.deepEqual(await names(files, 'overlays/a'), ['shared']);
  await assert.rejects(names(files, 'overlays/out'), (error: Error) => {
    assert.match(error.message, /^kustomize build failed: [\s\S]*is not in or below/);
    assert.doesNotMatch(error.message, new RegExp(folder));
    return true;
  });
});

for (const c of [
  {
    name: 'names file and line of a file that does not parse',
    files: { 'apps/bad.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [x\n' },
    want: /^failed to decode Kubernetes YAML from apps\/bad\.yaml: MalformedYAMLError: yaml: line \d+: /,
  },
  {
    name: 'names a file that is no manifest',
    files: { 'apps/values.yaml': 'replicas: 3\n' },
    want: /^failed to decode Kubernetes YAML from apps\/values\.yaml: missing Resource metadata$/,
  },
  {
    name: 'names file and line of an object without kind',
    files: { 'apps/x.yaml': `${configMap('ok')}---\napiVersion: v1\nmetadata:\n  name: x\n` },
    want: /^failed to decode Kubernetes YAML from apps\/x\.yaml: missing kind in object on line \d+$/,
  },
  {
    name: 'names file and line of a listed file that does not parse',
    files: {
      'apps/kustomization.yaml': kustomization('resources: [bad.yaml]\n'),
      'apps/bad.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [x\n',
    },
    want: /^kustomize build failed: [\s\S]*line \d+[\s\S]*bad\.yaml/,
  },
  {
    name: 'names a listed file that is missing',
    files: { 'apps/kustomization.yaml': kustomization('resources: [gone.yaml]\n') },
    want: /^kustomize build failed: [\s\S]*apps\/gone\.yaml[\s\S]*no such file or directory/,
  },
  {
    name: 'names a broken kustomization file',
    files: { 'apps/kustomization.yaml': 'resources: [\n' },
    want: /^kustomize build failed: invalid Kustomization: yaml: line \d+: [\s\S]*apps\/kustomization\.yaml/,
  },
]) {
  test(`buildFolder ${c.name}`, async () => {
    await assert.rejects(names(c.files, 'apps'), (error: unknown) => {
      assert.ok(error instanceof BuildError, String(error));
      assert.match(error.message, c.want);
      assert.ok(!error.message.includes(folder), error.message);
      return true;
    });
  });
}
