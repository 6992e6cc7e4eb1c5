import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { readPrinted } from './files.ts';
import { printedFiles, staleFiles } from './outputs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the printed files are what the printers give', () => {
  assert.deepEqual(staleFiles(printedFiles(), readPrinted(root)), [], 'run: node hack/printers/main.ts');
});

test('staleFiles names what differs, what is missing and what nothing prints', () => {
  const printed = new Map([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
  const onDisk = new Map([
    ['a', '1'],
    ['b', '0'],
    ['d', '4'],
  ]);
  assert.deepEqual(staleFiles(printed, onDisk), [
    'b: differs from what the printer gives',
    'c: is missing',
    'd: nothing prints it',
  ]);
});

test('printed YAML means the same to parsers of both versions of YAML', () => {
  for (const [path, content] of printedFiles()) {
    if (!path.endsWith('.yaml')) continue;
    const [old, now] = (['1.1', '1.2'] as const).map((version) =>
      parseAllDocuments(content, { version }).map((document) => document.toJS()),
    );
    assert.deepEqual(old, now, path);
  }
});

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the installed version is the one of the package', () => {
  const { version } = JSON.parse(read('package.json'));
  const { labels, images } = parse(read('config/default/kustomization.yaml'));
  assert.equal(labels[0].pairs['app.kubernetes.io/version'], `v${version}`);
  const tags = images.map(
    (image: { readonly name: string; readonly newTag: string }) => `${image.name}:${image.newTag}`,
  );
  assert.deepEqual(tags, [
    `sluice/source-controller:v${version}`,
    `sluice/kustomize-controller:v${version}`,
    `sluice/notification-controller:v${version}`,
  ]);
});

// Installers patch arguments by index, and find the container by name.
for (const { name, args } of [
  {
    name: 'source-controller',
    args: [
      'events-addr',
      'watch-all-namespaces',
      'log-level',
      'log-encoding',
      'enable-leader-election',
      'storage-path',
      'storage-adv-addr',
    ],
  },
  {
    name: 'kustomize-controller',
    args: ['events-addr', 'watch-all-namespaces', 'log-level', 'log-encoding', 'enable-leader-election'],
  },
  {
    name: 'notification-controller',
    args: ['watch-all-namespaces', 'log-level', 'log-encoding', 'enable-leader-election'],
  },
]) {
  test(`the arguments of ${name} are in the order that installers patch`, () => {
    const [deployment] = parseAllDocuments(read(`config/manager/${name}.yaml`)).map((document) => document.toJS());
    const [container] = deployment.spec.template.spec.containers;
    assert.equal(container.name, 'manager');
    assert.deepEqual(
      container.args.map((arg: string) => arg.replace(/^--([^=]+).*$/, '$1')),
      args,
    );
    assert.equal(deployment.spec.selector.matchLabels.app, name);
  });
}
