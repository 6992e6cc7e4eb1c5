import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chart, bundledCharts, chartOf, withVersion } from './chart.ts';
import { packChart, readChartArchive } from './chart-archive.ts';
import { parseHelmIgnore } from './helm-ignore.ts';
import { mergeValues } from './merge-values.ts';
import { findVersion, parseIndex, printIndex } from './repository-index.ts';

const limits = { chartBytes: 100_000, fileBytes: 10_000 };
const index = Buffer.from(`apiVersion: v1
generated: "2024-01-01T00:00:00Z"
entries:
  app:
    - {name: app, version: 1.2.0, urls: [a-1.2.0.tgz], digest: aa, created: 2024-01-01T00:00:00Z}
    - {name: app, version: 1.10.0, urls: [a-1.10.0.tgz]}
    - {name: app, version: 2.0.0-rc.1, urls: [x]}
    - {name: app, version: not-a-version, urls: [x]}
    - {name: ../app, version: 3.0.0, urls: [x]}
    - {name: app, version: 1.10.0+b, urls: [x], created: 2024-02-01T00:00:00Z}
    - null
`);

for (const c of [
  { wanted: '*', want: '1.10.0' },
  { wanted: '', want: '1.10.0' },
  { wanted: '~1.2', want: '1.2.0' },
  { wanted: '1.10.0', want: '1.10.0' },
  { wanted: '2.0.0-rc.1', want: '2.0.0-rc.1' },
  { wanted: '>=1.0.0-0', want: '2.0.0-rc.1' },
]) {
  test(`findVersion takes ${c.want} for "${c.wanted}"`, () => {
    const found = findVersion(parseIndex(index), 'app', c.wanted).version;
    assert.equal(found.replace('+b', ''), c.want);
  });
}

test('findVersion says what it did not find', () => {
  assert.throws(
    () => findVersion(parseIndex(index), 'app', '9.x'),
    /^HelmError: no 'app' chart with version matching '9.x' found$/,
  );
  assert.throws(() => findVersion(parseIndex(index), 'none', '*'), /no chart name found/);
});

test('an index keeps its fields, loses what Helm would not take, and reads the same from JSON', () => {
  const parsed = parseIndex(index);
  assert.deepEqual(
    parsed.entries.get('app')?.map(({ version }) => version),
    ['2.0.0-rc.1', '1.10.0+b', '1.10.0', '1.2.0'],
  );
  const again = parseIndex(Buffer.from(printIndex(parsed)));
  assert.deepEqual(again, { ...parsed, entries: again.entries });
  assert.equal(printIndex(again), printIndex(parsed));
});

for (const c of [
  { name: 'nothing', text: ' ', words: 'empty index.yaml file' },
  { name: 'no version of the format', text: 'entries: {}', words: 'no API version specified' },
  { name: 'no map', text: '- a', words: 'the index is no map' },
  { name: 'no YAML', text: 'a: [', words: 'cannot parse the index' },
]) {
  test(`an index with ${c.name} is refused`, () => {
    assert.throws(() => parseIndex(Buffer.from(c.text)), new RegExp(c.words));
  });
}

function chart(files: Readonly<Record<string, string>>): Chart {
  return chartOf(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])));
}

async function pack(packed: Chart): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of packChart(packed)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const plain = { 'Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.10.0 # ours\n', 'values.yaml': 'a: 1\n' };

test('a chart is packed, read again, and packed to the same bytes', async () => {
  const archive = await pack(chart({ ...plain, 'templates/a.yaml': 'x' }));
  const read = await readChartArchive(archive, limits);
  assert.deepEqual([...read.files.keys()], ['Chart.yaml', 'templates/a.yaml', 'values.yaml']);
  assert.deepEqual(await pack(read), archive);
});

test('another version is written into Chart.yaml, whose comments stay', () => {
  const changed = withVersion(chart(plain), '1.10.0+abc');
  assert.equal(changed.files.get('Chart.yaml')?.toString(), 'apiVersion: v2\nname: app\nversion: 1.10.0+abc # ours\n');
  assert.equal(changed.metadata.version, '1.10.0+abc');
});

test('limits hold for the archive and for each file', async () => {
  const archive = await pack(chart({ ...plain, 'big.txt': 'x'.repeat(10_001) }));
  await assert.rejects(
    readChartArchive(archive, limits),
    /chart file big.txt is larger than the maximum file size 10000/,
  );
  await assert.rejects(
    readChartArchive(archive, { ...limits, chartBytes: 10 }),
    /exceeds the maximum chart size of 10 bytes/,
  );
  await assert.rejects(readChartArchive(Buffer.from('no archive'), limits), /cannot read chart archive/);
});

for (const c of [
  { name: 'without Chart.yaml', files: { 'a.yaml': '' }, words: 'Chart.yaml file is missing' },
  { name: 'without a name', files: { 'Chart.yaml': 'version: 1.0.0' }, words: 'name "" is invalid' },
  { name: 'with a path for a name', files: { 'Chart.yaml': 'name: ../a\nversion: 1.0.0' }, words: 'is invalid' },
  {
    name: 'with a word for a version',
    files: { 'Chart.yaml': 'name: a\nversion: new' },
    words: 'version "new" is invalid',
  },
]) {
  test(`a chart ${c.name} is refused`, () => {
    assert.throws(() => chart(c.files), new RegExp(c.words));
  });
}

test('dependencies are read from both places, and those in charts/ are known', () => {
  const dependencies = 'dependencies:\n- {name: sub, version: 1.x, repository: "file://../sub"}\n';
  const want = [{ name: 'sub', version: '1.x', repository: 'file://../sub' }];
  assert.deepEqual(chart({ 'Chart.yaml': `${plain['Chart.yaml']}${dependencies}` }).metadata.dependencies, want);
  assert.deepEqual(chart({ ...plain, 'requirements.yaml': dependencies }).metadata.dependencies, want);
  const bundled = bundledCharts(
    chart({ ...plain, 'charts/one/Chart.yaml': '', 'charts/two-ha-1.2.3.tgz': '', 'charts/x': '' }),
  );
  assert.deepEqual([...bundled], ['one', 'two-ha']);
});

for (const c of [
  {
    name: 'maps key by key',
    files: ['a: {x: 1, y: 2}\nb: 1\n', 'a: {y: 3}\nc: 4\n'],
    want: 'a: { x: 1, y: 3 }\nb: 1\nc: 4\n',
  },
  { name: 'lists as a whole', files: ['a: [1, 2]\n', 'a: [3]\n'], want: 'a: [ 3 ]\n' },
  {
    name: 'scalars as they are written',
    files: ['a: 0777\nb: yes\n', 'c: 1.10\nd: null\n'],
    want: 'a: 0777\nb: yes\nc: 1.10\nd: null\n',
  },
  { name: 'a map over a scalar', files: ['a: 1\n', 'a: {b: 2}\n'], want: 'a: { b: 2 }\n' },
  { name: 'nothing with something', files: ['', 'a: 1\n'], want: 'a: 1\n' },
  { name: 'aliases as copies', files: ['a: &x {b: 1}\nc: *x\n', 'a: {b: 2}\n'], want: 'a: { b: 2 }\nc: { b: 1 }\n' },
]) {
  test(`mergeValues merges ${c.name}`, () => {
    const files = c.files.map((text, at) => ({ name: `${at}.yaml`, content: Buffer.from(text) }));
    assert.equal(mergeValues(files).toString(), c.want);
  });
}

test('mergeValues names the file that is no map', () => {
  assert.throws(
    () => mergeValues([{ name: 'v.yaml', content: Buffer.from('- a') }]),
    /values from 'v.yaml' failed: it is no map/,
  );
});

for (const c of [
  { pattern: '*.md', path: 'docs/a.md', isFolder: false, want: true },
  { pattern: '/*.md', path: 'docs/a.md', isFolder: false, want: false },
  { pattern: 'docs/', path: 'docs', isFolder: true, want: true },
  { pattern: 'docs/', path: 'docs', isFolder: false, want: false },
  { pattern: 'a/*.y', path: 'a/b.y', isFolder: false, want: true },
  { pattern: 'a/*.y', path: 'c/a/b.y', isFolder: false, want: false },
  { pattern: '!*.yaml', path: 'a.txt', isFolder: false, want: true },
  { pattern: '[ab]?', path: 'a1', isFolder: false, want: true },
  { pattern: '', path: 'templates/.hidden', isFolder: false, want: true },
]) {
  test(`.helmignore "${c.pattern}" ${c.want ? 'leaves out' : 'keeps'} ${c.path}`, () => {
    assert.equal(parseHelmIgnore(c.pattern)(c.path, c.isFolder), c.want);
  });
}
