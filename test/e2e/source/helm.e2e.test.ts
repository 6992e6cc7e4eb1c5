import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  checkStatus,
  type GitServer,
  type HelmFolder,
  type HttpSink,
  httpSink,
  openHelmFolder,
  type Registry,
  startGitServer,
  startRegistry,
  waitFor,
} from '#test-kit';
import { bytesOf, conditionOf, type LiveSource, SourceFixture } from './fixture.ts';

let source: SourceFixture;
let registry: Registry;
let git: GitServer;
let helm: HelmFolder;
let web: HttpSink;
/** What the web server has, by path; a login is asked for below `/private/`. */
const pages = new Map<string, Buffer>();
const login = `Basic ${Buffer.from('ada:lovelace').toString('base64')}`;

const template =
  'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}"}\ndata: {color: "{{ .Values.color }}"}\n';

function chartFiles(
  name: string,
  version: string,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const files = {
    'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version} # as released\nappVersion: "1"\n`,
    'values.yaml': '# the color\ncolor: red\nsize: 0777\n',
    'values-prod.yaml': 'color: blue\n',
    'templates/config.yaml': template,
    ...extra,
  };
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]));
}

async function packaged(name: string, version: string, extra?: Readonly<Record<string, string>>): Promise<Buffer> {
  await helm.write(chartFiles(name, version, extra));
  await helm.helm('package', name, '--destination', 'charts');
  return readFile(join(helm.dir, `charts/${name}-${version}.tgz`));
}

async function publish(): Promise<void> {
  await helm.helm('repo', 'index', 'charts');
  pages.set('/index.yaml', await readFile(join(helm.dir, 'charts/index.yaml')));
}

before(async () => {
  [source, registry, git, helm, web] = await Promise.all([
    SourceFixture.start(),
    startRegistry({ auth: 'basic' }),
    startGitServer(),
    openHelmFolder(),
    httpSink(),
  ]);
  web.answer(({ path, headers }) => {
    const isPrivate = path.startsWith('/private');
    if (isPrivate && headers.authorization !== login) return { status: 401 };
    const body = pages.get(path.replace(/^\/private/, ''));
    return body === undefined ? { status: 404 } : { status: 200, body };
  });
  for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) {
    pages.set(`/app-${version}.tgz`, await packaged('app', version));
  }
  await publish();
  await source.apply('HelmRepository', 'charts', { url: web.url });
});

after(async () => {
  await source?.[Symbol.asyncDispose]();
  for (const part of [registry, git, helm, web]) await part?.[Symbol.asyncDispose]();
});

/** What the real helm makes of an artifact. */
async function rendered(object: LiveSource, ...args: readonly string[]): Promise<string> {
  await helm.write({ 'made.tgz': await bytesOf(object) });
  return helm.helm('template', 'x', 'made.tgz', ...args);
}

test('an index becomes an artifact in JSON, and a new one wakes the charts', async () => {
  const bytes = pages.get('/index.yaml') ?? Buffer.alloc(0);
  const revision = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const one = await source.settled('HelmRepository', 'charts', /^True/);
  checkStatus(one);
  assert.equal(conditionOf(one, 'Ready'), `True Succeeded: stored artifact: revision '${revision}'`);
  const path = `helmrepository/${source.namespace}/charts`;
  assert.equal(one.status?.artifact?.path, `${path}/index-${revision.slice(7)}.yaml`);
  assert.equal(one.status?.url, `${source.controller.urls.storage}/${path}/index.yaml`);
  const index = JSON.parse((await bytesOf(one)).toString('utf8'));
  assert.deepEqual(
    index.entries.app.map((entry: { version: string }) => entry.version),
    ['2.0.0-rc.1', '1.1.0', '1.0.0'],
  );
  await source.apply('HelmChart', 'newest', { chart: 'app', sourceRef: { kind: 'HelmRepository', name: 'charts' } });
  const chart = await source.settled('HelmChart', 'newest', /^True/);
  checkStatus(chart);
  assert.equal(conditionOf(chart, 'Ready'), "True ChartPullSucceeded: pulled 'app' chart with version '1.1.0'");
  assert.deepEqual(await bytesOf(chart), pages.get('/app-1.1.0.tgz'));
  assert.equal(chart.status?.artifact?.path, `helmchart/${source.namespace}/newest/app-1.1.0.tgz`);
  assert.equal(chart.status?.['observedSourceArtifactRevision'], revision);
  assert.equal(chart.status?.['observedChartName'], 'app');

  pages.set('/app-1.2.0.tgz', await packaged('app', '1.2.0'));
  await publish();
  checkStatus(await source.rerun('HelmRepository', 'charts', /^True/));
  const woken = await source.settled('HelmChart', 'newest', /version '1.2.0'/);
  checkStatus(woken);
  await source.events.received(2, { where: ({ body }) => body.includes('"newest"') });
  assert.deepEqual(
    source.posted('newest').map((event) => [event['reason'], event['message']]),
    [
      ['ChartPullSucceeded', "pulled 'app' chart with version '1.1.0'"],
      ['ChartPullSucceeded', "pulled 'app' chart with version '1.2.0'"],
    ],
  );
  const [stored] = source.posted('charts');
  assert.match(String(stored?.['message']), /^stored fetched index of size \d+(?:\.\d+)?k?B from 'http:/);
  const same = await source.rerun('HelmChart', 'newest', /^True/);
  assert.deepEqual(same.status?.artifact, woken.status?.artifact);
});

test('values files are merged into the chart, as the real helm shows', async () => {
  const spec = { chart: 'app', version: '1.0.0', sourceRef: { kind: 'HelmRepository', name: 'charts' } };
  await source.apply('HelmChart', 'values', { ...spec, valuesFiles: ['values.yaml', 'values-prod.yaml'] });
  const object = await source.settled('HelmChart', 'values', /^True/);
  checkStatus(object);
  assert.equal(
    conditionOf(object, 'Ready'),
    "True ChartPackageSucceeded: packaged 'app' chart with version '1.0.0+1' and merged values files [values.yaml values-prod.yaml]",
  );
  assert.match(await rendered(object), /color: "?blue/);
  assert.equal(await helm.helm('show', 'values', 'made.tgz'), '# the color\ncolor: blue\nsize: 0777\n\n');
  assert.match(await helm.helm('show', 'chart', 'made.tgz'), /^version: 1\.0\.0\+1$/m);
  await source.apply('HelmChart', 'values', { ...spec, valuesFiles: ['values-prod.yaml', 'none.yaml'] });
  const missing = await source.settled('HelmChart', 'values', /^False/);
  const why = "ValuesFilesError: values files merge error: no values file found at path 'none.yaml'";
  assert.equal(conditionOf(missing, 'BuildFailed'), `True ${why}`);
  assert.equal(conditionOf(missing, 'Stalled'), `True ${why}`);
  await source.apply('HelmChart', 'values', {
    ...spec,
    valuesFiles: ['values-prod.yaml', 'none.yaml'],
    ignoreMissingValuesFiles: true,
  });
  const skipped = await source.settled('HelmChart', 'values', /^True/);
  checkStatus(skipped);
  assert.deepEqual(skipped.status?.['observedValuesFiles'], ['values-prod.yaml']);
});

test('a chart in Git is packed with its dependencies, under the strategy of the spec', async () => {
  pages.set('/remote-0.3.1.tgz', await packaged('remote', '0.3.1'));
  await publish();
  checkStatus(await source.rerun('HelmRepository', 'charts', /^True/));
  const dependencies = `dependencies:\n- {name: near, version: 0.x, repository: "file://../near"}\n- {name: remote, version: ~0.3, repository: "${web.url}/"}\n`;
  const files = {
    ...chartFiles('far', '3.0.0', {
      'Chart.yaml': `apiVersion: v2\nname: far\nversion: 3.0.0\n${dependencies}`,
      '.helmignore': '*.md\n',
      'README.md': 'no',
    }),
    ...chartFiles('near', '0.1.0'),
  };
  await git.createRepository(
    'charts',
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`deploy/${path}`, text])),
  );
  await source.apply('GitRepository', 'git', { url: git.repositoryUrl('charts'), ref: { branch: 'main' } });
  await source.settled('GitRepository', 'git', /^True/);
  const spec = { chart: './deploy/far', sourceRef: { kind: 'GitRepository', name: 'git' } };
  await source.apply('HelmChart', 'packed', spec);
  const packed = await source.settled('HelmChart', 'packed', /^True/);
  checkStatus(packed);
  assert.equal(conditionOf(packed, 'Ready'), "True ChartPackageSucceeded: packaged 'far' chart with version '3.0.0'");
  const output = await rendered(packed);
  for (const name of ['far', 'far/charts/near', 'far/charts/remote']) {
    assert.match(output, new RegExp(`# Source: ${name}/templates/config.yaml`));
  }
  assert.doesNotMatch(await helm.helm('show', 'all', 'made.tgz'), /^no$/m);

  await source.apply('HelmChart', 'revised', {
    ...spec,
    reconcileStrategy: 'Revision',
    valuesFiles: ['deploy/far/values-prod.yaml'],
  });
  const revised = await source.settled('HelmChart', 'revised', /^True/);
  const commit = (await source.read('GitRepository', 'git'))?.status?.artifact?.revision.split(':')[1] ?? '';
  assert.equal(revised.status?.artifact?.revision, `3.0.0+${commit.slice(0, 12)}.1`);
  assert.match(await rendered(revised), /color: "?blue/);

  // A commit that changes no version is news for one of the two only.
  const next = await git.push('charts', { 'deploy/far/values-prod.yaml': 'color: green\n' }, 'green');
  await source.rerun('GitRepository', 'git', new RegExp(next));
  const again = await source.settled('HelmChart', 'revised', new RegExp(next.slice(0, 12)));
  assert.match(await rendered(again), /color: "?green/);
  const kept = await waitFor(async () => {
    const object = await source.read('HelmChart', 'packed');
    return object?.status?.['observedSourceArtifactRevision'] === `main@sha1:${next}` ? object : undefined;
  });
  assert.deepEqual(kept.status?.artifact, packed.status?.artifact);
});

test('a registry needs no status to give charts, signed or not', async () => {
  const content = await packaged('ocichart', '1.4.0');
  const layer = { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', content };
  const configType = 'application/vnd.cncf.helm.config.v1+json';
  const { digest } = await registry.push('team/ocichart', '1.4.0', { layers: [layer], configType });
  const plus = await packaged('ocichart', '1.5.0+b7');
  await registry.push('team/ocichart', '1.5.0_b7', { layers: [{ ...layer, content: plus }], configType });
  await source.secret('login', { username: registry.username, password: registry.password });
  await source.apply('HelmRepository', 'registry', {
    type: 'oci',
    url: `oci://${registry.host}/team`,
    insecure: true,
    secretRef: { name: 'login' },
  });
  const spec = { chart: 'ocichart', sourceRef: { kind: 'HelmRepository', name: 'registry' } };
  await source.apply('HelmChart', 'oci', spec);
  const newest = await source.settled('HelmChart', 'oci', /^True/);
  checkStatus(newest);
  assert.equal(newest.status?.artifact?.path, `helmchart/${source.namespace}/oci/ocichart-1.5.0+b7.tgz`);
  assert.deepEqual(await bytesOf(newest), plus);
  const repository = await source.read('HelmRepository', 'registry');
  assert.deepEqual(repository?.status, { observedGeneration: -1 });
  assert.equal(repository?.metadata.finalizers, undefined);

  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  await source.secret('chart-keys', { 'a.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString() });
  const verify = { provider: 'cosign', secretRef: { name: 'chart-keys' } };
  await source.apply('HelmChart', 'signed', { ...spec, version: '1.4.0', verify });
  const refused = await source.settled('HelmChart', 'signed', /^False/);
  assert.match(
    conditionOf(refused, 'SourceVerified'),
    /^False VerificationError: chart verification error: .*no matching signatures/,
  );
  assert.match(conditionOf(refused, 'BuildFailed'), /^True ChartVerificationError/);
  const payload = Buffer.from(
    JSON.stringify({
      critical: { image: { 'docker-manifest-digest': digest }, type: 'cosign container image signature' },
    }),
  );
  await registry.push('team/ocichart', `${digest.replace(':', '-')}.sig`, {
    layers: [
      {
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        content: payload,
        annotations: { 'dev.cosignproject.cosign/signature': sign('sha256', payload, privateKey).toString('base64') },
      },
    ],
  });
  const good = await source.rerun('HelmChart', 'signed', /^True/);
  checkStatus(good);
  assert.equal(conditionOf(good, 'SourceVerified'), 'True Succeeded: verified signature of version 1.4.0');
});

test('a repository that becomes a registry loses what it had', async () => {
  await source.apply('HelmRepository', 'turned', { url: web.url });
  const one = await source.settled('HelmRepository', 'turned', /^True/);
  assert.deepEqual(one.metadata.finalizers, ['finalizers.fluxcd.io']);
  await source.apply('HelmRepository', 'turned', { type: 'oci', url: `oci://${registry.host}/team` });
  const turned = await waitFor(async () => {
    const object = await source.read('HelmRepository', 'turned');
    return object?.metadata.finalizers === undefined ? object : undefined;
  });
  assert.deepEqual(turned.status, { observedGeneration: -1 });
  assert.equal((await fetch(one.status?.artifact?.url ?? '')).status, 404);
});

test('a login opens a private repository, and is told to its own host only', async () => {
  await source.secret('ada', { username: 'ada', password: 'lovelace' });
  const other = await httpSink();
  other.answer(() => ({ status: 200, body: pages.get('/app-1.0.0.tgz') ?? '' }));
  const index = `apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0, urls: ["${other.url}/app.tgz"]}\n`;
  pages.set('/else/index.yaml', Buffer.from(index));
  await source.apply('HelmRepository', 'private', { url: `${web.url}/private/else` });
  assert.equal(
    conditionOf(await source.settled('HelmRepository', 'private', /^False/), 'FetchFailed'),
    `True Failed: failed to fetch Helm repository index: failed to fetch ${web.url}/private/else/index.yaml : 401`,
  );
  await source.apply('HelmRepository', 'private', { url: `${web.url}/private/else`, secretRef: { name: 'ada' } });
  checkStatus(await source.settled('HelmRepository', 'private', /^True/));
  await source.apply('HelmChart', 'elsewhere', {
    chart: 'app',
    sourceRef: { kind: 'HelmRepository', name: 'private' },
  });
  checkStatus(await source.settled('HelmChart', 'elsewhere', /^True/));
  assert.equal(other.requests[0]?.headers.authorization, undefined);
  const told = { url: `${web.url}/private/else`, secretRef: { name: 'ada' }, passCredentials: true };
  await source.apply('HelmRepository', 'private', told);
  await source.settled('HelmRepository', 'private', /^True/);
  await source.apply('HelmChart', 'told', { chart: 'app', sourceRef: { kind: 'HelmRepository', name: 'private' } });
  await source.settled('HelmChart', 'told', /^True/);
  assert.equal(other.requests.at(-1)?.headers.authorization, login);
  await other[Symbol.asyncDispose]();
});

test('failures say what is wrong', async () => {
  pages.set('/empty/index.yaml', Buffer.from('entries: {}\n'));
  pages.set('/huge/index.yaml', Buffer.alloc(52_428_801, 'x'));
  for (const c of [
    {
      name: 'empty',
      spec: { url: `${web.url}/empty` },
      want: /^False IndexationFailed: failed to load .*no API version specified$/,
    },
    {
      name: 'huge',
      spec: { url: `${web.url}/huge` },
      want: /^False Failed: .*index exceeds the maximum index file size of 52428800 bytes$/,
    },
    { name: 'wrong', spec: { url: 'oci://example.com/x' }, want: /^False URLInvalid: invalid Helm repository URL/ },
  ]) {
    await source.apply('HelmRepository', c.name, c.spec);
    assert.match(conditionOf(await source.settled('HelmRepository', c.name, /^False/), 'Ready'), c.want);
  }
  const sourceRef = { kind: 'HelmRepository', name: 'charts' };
  for (const c of [
    {
      name: 'no-source',
      spec: { chart: 'app', sourceRef: { ...sourceRef, name: 'none' } },
      want: /^False SourceUnavailable: failed to get source: helmrepositories.source.toolkit.fluxcd.io "none" not found$/,
    },
    {
      name: 'no-artifact',
      spec: { chart: 'app', sourceRef: { ...sourceRef, name: 'empty' } },
      want: /^False NoSourceArtifact: no artifact available for HelmRepository source 'empty'$/,
    },
    {
      name: 'no-version',
      spec: { chart: 'app', version: '9.x', sourceRef },
      want: /^False InvalidChartReference: invalid chart reference: no 'app' chart with version matching '9.x' found$/,
    },
    {
      name: 'no-name',
      spec: { chart: 'APP', sourceRef },
      want: /^False InvalidChartReference: invalid chart reference: invalid chart name 'APP'/,
    },
    {
      name: 'no-folder',
      spec: { chart: '../../etc', sourceRef: { kind: 'GitRepository', name: 'git' } },
      want: /^False InvalidChartReference: invalid chart reference: stat etc: no such file or directory$/,
    },
  ]) {
    await source.apply('HelmChart', c.name, c.spec);
    const object = await source.settled('HelmChart', c.name, /^False/);
    assert.match(conditionOf(object, 'Ready'), c.want);
    checkStatus(object, { settled: false });
  }
});
