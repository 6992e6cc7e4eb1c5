import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { checkStatus, fluxLayerType, type Registry, startProxyServer, startRegistry, waitFor } from '#test-kit';
import { archiveOf, bytesOf, conditionOf, contentOf, SourceFixture } from './fixture.ts';

let source: SourceFixture;
let registry: Registry;

before(async () => {
  [source, registry] = await Promise.all([SourceFixture.start(), startRegistry()]);
});

after(async () => {
  await source?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const origin = {
  'org.opencontainers.image.source': 'https://git.example/app',
  'org.opencontainers.image.revision': 'main@sha1:0123',
};

async function push(
  repository: string,
  tag: string,
  files: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
  to: Registry = registry,
): Promise<string> {
  const content = await archiveOf(files);
  return (await to.push(repository, tag, { layers: [{ mediaType: fluxLayerType, content }], annotations })).digest;
}

const stored = (revision: string): string => `True Succeeded: stored artifact for digest '${revision}'`;

test('a pushed artifact becomes an artifact, a moved tag a new one, and the old file goes', async () => {
  const url = `oci://${registry.host}/app/flow`;
  const first = await push('app/flow', 'v1', { 'a.yaml': 'a: 1\n', 'b.png': 'x' }, origin);
  await source.apply('OCIRepository', 'flow', { url, ref: { tag: 'v1' } });
  const one = await source.settled('OCIRepository', 'flow', /^True/);
  checkStatus(one);
  assert.equal(conditionOf(one, 'Ready'), stored(`v1@${first}`));
  assert.equal(conditionOf(one, 'ArtifactInStorage'), conditionOf(one, 'Ready'));
  assert.deepEqual(await contentOf(one), { 'a.yaml': 'a: 1\n' });
  const path = `ocirepository/${source.namespace}/flow`;
  assert.equal(one.status?.artifact?.path, `${path}/${first}.tar.gz`);
  assert.equal(one.status?.artifact?.revision, `v1@${first}`);
  assert.deepEqual(one.status?.artifact?.metadata, origin);
  assert.equal(one.status?.url, `${source.controller.urls.storage}/${path}/latest.tar.gz`);
  assert.equal((await fetch(one.status.url)).status, 200);

  const second = await push('app/flow', 'v1', { 'a.yaml': 'a: 2\n' });
  const two = await source.rerun('OCIRepository', 'flow', new RegExp(second));
  checkStatus(two);
  assert.deepEqual(await contentOf(two), { 'a.yaml': 'a: 2\n' });
  assert.equal(two.status?.artifact?.metadata, undefined);
  await source.events.received(2, { where: ({ body }) => body.includes('"flow"') });
  assert.deepEqual(
    source.posted('flow').map((event) => [event['reason'], event['message'], event['metadata']]),
    [
      [
        'NewArtifact',
        `stored artifact with revision 'v1@${first}' from '${url}', origin source 'https://git.example/app', origin revision 'main@sha1:0123'`,
        {
          'source.toolkit.fluxcd.io/revision': `v1@${first}`,
          'source.toolkit.fluxcd.io/digest': one.status?.artifact?.digest,
        },
      ],
      [
        'NewArtifact',
        `stored artifact with revision 'v1@${second}' from '${url}'`,
        {
          'source.toolkit.fluxcd.io/revision': `v1@${second}`,
          'source.toolkit.fluxcd.io/digest': two.status?.artifact?.digest,
        },
      ],
    ],
  );
  const three = await source.rerun('OCIRepository', 'flow', /^True/);
  assert.deepEqual(three.status?.artifact, two.status?.artifact);
  assert.deepEqual(three.status?.conditions, two.status?.conditions);
  assert.equal(source.posted('flow').length, 2);
});

test('the most specific reference wins, and semver picks among the tags that the filter leaves', async () => {
  const url = `oci://${registry.host}/app/versions`;
  const digests: Record<string, string> = {};
  for (const tag of ['1.0.0', '1.1.0', '1.2.0-rc.1', '2.0.0-beta', '1.1.9-arm', 'latest']) {
    digests[tag] = await push('app/versions', tag, { 'tag.txt': tag });
  }
  for (const c of [
    { name: 'latest', ref: undefined, want: 'latest' },
    { name: 'semver', ref: { semver: '1.x', tag: '1.0.0' }, want: '1.1.0' },
    { name: 'prerelease', ref: { semver: '>=1.0.0-0 <2.0.0-0' }, want: '1.2.0-rc.1' },
    { name: 'filtered', ref: { semver: '>=1.0.0-0 <2.0.0-0', semverFilter: '-arm$' }, want: '1.1.9-arm' },
  ]) {
    await source.apply('OCIRepository', c.name, { url, ref: c.ref });
    const object = await source.settled('OCIRepository', c.name, /^True/);
    checkStatus(object);
    assert.equal(object.status?.artifact?.revision, `${c.want}@${digests[c.want]}`);
  }
  const pinned = digests['1.0.0'];
  await source.apply('OCIRepository', 'pinned', { url, ref: { digest: pinned, semver: '2.x' } });
  assert.equal((await source.settled('OCIRepository', 'pinned', /^True/)).status?.artifact?.revision, pinned);
});

test('a layer is chosen by its type, and copied byte by byte where the spec says so', async () => {
  const raw = Buffer.from('not an archive at all');
  const content = await archiveOf({ 'x.yaml': 'x' });
  const { digest } = await registry.push('app/layers', 'v1', {
    layers: [
      { mediaType: 'text/plain', content: raw },
      { mediaType: fluxLayerType, content },
    ],
  });
  const spec = { url: `oci://${registry.host}/app/layers`, ref: { tag: 'v1' } };
  await source.apply('OCIRepository', 'layers', { ...spec, layerSelector: { mediaType: fluxLayerType } });
  assert.deepEqual(await contentOf(await source.settled('OCIRepository', 'layers', /^True/)), { 'x.yaml': 'x' });
  const layerSelector = { mediaType: 'text/plain', operation: 'copy' };
  await source.apply('OCIRepository', 'layers', { ...spec, layerSelector });
  const copied = await waitFor(async () => {
    const object = await source.read('OCIRepository', 'layers');
    return object?.status?.['observedLayerSelector'] !== undefined &&
      JSON.stringify(object.status['observedLayerSelector']).includes('copy')
      ? object
      : undefined;
  });
  assert.deepEqual(copied.status?.['observedLayerSelector'], layerSelector);
  assert.equal(copied.status?.artifact?.path.endsWith(`/${digest}.tar.gz`), true);
  assert.deepEqual(await bytesOf(copied), raw);
});

test('ignore rules of the artifact and of the spec leave files out', async () => {
  await push('app/ignored', 'v1', { '.sourceignore': '*.md\n', 'a.yaml': 'a', 'b.md': 'b', 'sub/c.yaml': 'c' });
  await source.apply('OCIRepository', 'ignored', {
    url: `oci://${registry.host}/app/ignored`,
    ref: { tag: 'v1' },
    ignore: '/sub\n',
  });
  const object = await source.settled('OCIRepository', 'ignored', /^True/);
  assert.deepEqual(Object.keys(await contentOf(object)), ['.sourceignore', 'a.yaml']);
  assert.equal(object.status?.['observedIgnore'], '/sub\n');
});

test('failures say what is wrong, keep the last artifact, and are recovered from', async () => {
  const url = `oci://${registry.host}/app/broken`;
  const digest = await push('app/broken', 'v1', { a: '1' });
  await registry.push('app/broken', 'raw', {
    layers: [{ mediaType: 'text/plain', content: Buffer.from('no archive at all') }],
  });
  await registry.push('app/broken', 'none', { layers: [] });
  const api = `GET http://${registry.host}/v2/app/broken`;
  for (const c of [
    {
      name: 'no-tag',
      spec: { url, ref: { tag: 'v9' } },
      want: `OCIArtifactPullFailed: failed to determine artifact digest of '${registry.host}/app/broken:v9': ${api}/manifests/v9: MANIFEST_UNKNOWN: manifest unknown`,
    },
    {
      name: 'no-version',
      spec: { url, ref: { semver: '9.x' } },
      want: `ReadOperationFailed: failed to determine the artifact tag for '${url}': no match found for semver: 9.x`,
    },
    {
      name: 'bad-range',
      spec: { url, ref: { semver: 'x.y' } },
      want: `ReadOperationFailed: failed to determine the artifact tag for '${url}': semver parse error: improper constraint: x.y`,
    },
    {
      name: 'no-archive',
      spec: { url, ref: { tag: 'raw' } },
      want: 'OCIArtifactLayerOperationFailed: failed to extract layer contents from artifact: cannot unpack artifact: incorrect header check',
    },
    {
      name: 'no-layer',
      spec: { url, ref: { tag: 'none' } },
      want: 'OCIArtifactLayerOperationFailed: failed to select layer: no layers found in artifact',
    },
    {
      name: 'no-such-layer',
      spec: { url, ref: { tag: 'v1' }, layerSelector: { mediaType: 'a/b' } },
      want: "OCIArtifactLayerOperationFailed: failed to select layer: failed to find layer with media type 'a/b' in artifact",
    },
    {
      name: 'no-host',
      spec: { url: 'oci://127.0.0.1:1/app' },
      want: `OCIArtifactPullFailed: failed to determine artifact digest of '127.0.0.1:1/app:latest': Get "https://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused`,
    },
    {
      name: 'no-secret',
      spec: { url, secretRef: { name: 'none' } },
      want: `AuthenticationFailed: failed to get credential: failed to get secret '${source.namespace}/none': secrets "none" not found`,
    },
    {
      name: 'no-account',
      spec: { url, serviceAccountName: 'none' },
      want: `AuthenticationFailed: failed to get credential: failed to get service account '${source.namespace}/none': serviceaccounts "none" not found`,
    },
  ]) {
    await source.apply('OCIRepository', c.name, c.spec);
    const object = await source.settled('OCIRepository', c.name, /^False/);
    assert.equal(conditionOf(object, 'Ready'), `False ${c.want}`);
    assert.equal(conditionOf(object, 'FetchFailed'), `True ${c.want}`);
    assert.match(conditionOf(object, 'Reconciling'), /^True ProgressingWithRetry/);
    checkStatus(object, { settled: false });
  }
  await source.apply('OCIRepository', 'stalled', { url: `${url}:v1` });
  const stalled = await source.settled('OCIRepository', 'stalled', /^False URLInvalid/);
  assert.match(conditionOf(stalled, 'Stalled'), /^True URLInvalid: URL validation failed for/);
  assert.equal(stalled.status?.observedGeneration, 1);

  await source.apply('OCIRepository', 'no-tag', { url, ref: { tag: 'v1' } });
  const repaired = await source.settled('OCIRepository', 'no-tag', /^True/);
  checkStatus(repaired);
  await source.apply('OCIRepository', 'no-tag', { url, ref: { tag: 'v9' } });
  const kept = await source.settled('OCIRepository', 'no-tag', /^False/);
  assert.equal(kept.status?.artifact?.revision, `v1@${digest}`);
  assert.match(conditionOf(kept, 'ArtifactInStorage'), /^True/);
});

test('fields that are not built yet are refused by name', async () => {
  const url = `oci://${registry.host}/app/flow`;
  await source.apply('OCIRepository', 'later', { url, provider: 'aws', verify: { provider: 'cosign' } });
  const object = await source.settled('OCIRepository', 'later', /^False/);
  assert.equal(
    conditionOf(object, 'Stalled'),
    'True UnsupportedField: cannot reconcile: spec.provider "aws", spec.verify (without secretRef) not supported by this version yet',
  );
});

for (const auth of ['basic', 'token'] as const) {
  test(`a private registry with ${auth} authentication over TLS opens to the right Secrets only`, async () => {
    await using own = await startRegistry({ auth, tls: true });
    await push('team/app', 'v1', { 'a.yaml': 'a' }, {}, own);
    const name = `private-${auth}`;
    const spec = { url: `oci://${own.host}/team/app`, ref: { tag: 'v1' } };
    await source.secret(`${name}-ca`, { 'ca.crt': own.ca ?? '' });
    const config = { '.dockerconfigjson': own.dockerConfig };
    await source.secret(`${name}-login`, config, 'kubernetes.io/dockerconfigjson');
    await source.apply('OCIRepository', name, spec);
    assert.match(
      conditionOf(await source.settled('OCIRepository', name, /^False/), 'Ready'),
      /tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
    );
    await source.apply('OCIRepository', name, { ...spec, certSecretRef: { name: `${name}-ca` } });
    const refused = await source.settled('OCIRepository', name, /UNAUTHORIZED|token/);
    assert.doesNotMatch(JSON.stringify(refused.status), new RegExp(own.password));
    const secretRef = { name: `${name}-login` };
    await source.apply('OCIRepository', name, { ...spec, certSecretRef: { name: `${name}-ca` }, secretRef });
    checkStatus(await source.settled('OCIRepository', name, /^True/));
    if (auth === 'token') assert.ok(own.tokenRequests() > 0);

    await source.cluster.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: source.namespace },
      imagePullSecrets: [secretRef],
    });
    await source.apply('OCIRepository', `${name}-account`, { ...spec, insecure: true, serviceAccountName: name });
    checkStatus(await source.settled('OCIRepository', `${name}-account`, /^True/));
  });
}

for (const kind of ['http', 'socks5'] as const) {
  test(`a registry is reached through the ${kind} proxy of a Secret`, async () => {
    const auth = { username: 'ada', password: 'lovelace' };
    await using proxy = await startProxyServer({ kind, auth });
    await push(`app/${kind}`, 'v1', { a: '1' });
    await source.secret(`${kind}-proxy`, { address: proxy.url, ...auth });
    await source.apply('OCIRepository', kind, {
      url: `oci://${registry.host}/app/${kind}`,
      ref: { tag: 'v1' },
      proxySecretRef: { name: `${kind}-proxy` },
    });
    checkStatus(await source.settled('OCIRepository', kind, /^True/));
    assert.ok(
      proxy.asked.some((asked) => asked.includes(registry.host)),
      proxy.asked.join(),
    );
    await source.secret(`${kind}-bad-proxy`, { address: 'ftp://proxy' });
    await source.apply('OCIRepository', kind, {
      url: `oci://${registry.host}/app/${kind}`,
      proxySecretRef: { name: `${kind}-bad-proxy` },
    });
    assert.match(
      conditionOf(await source.settled('OCIRepository', kind, /^False/), 'Ready'),
      /AuthenticationFailed: .*'address' is no URL with the scheme http, https or socks5$/,
    );
  });
}

test('only what is signed with a trusted cosign key is stored', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = (key: typeof publicKey): string => key.export({ type: 'spki', format: 'pem' }).toString();
  await source.secret('cosign', { 'other.pub': pem(stranger.publicKey), 'ours.pub': pem(publicKey) });
  await source.secret('cosign-stranger', { 'other.pub': pem(stranger.publicKey) });
  const url = `oci://${registry.host}/app/signed`;
  const digest = await push('app/signed', 'v1', { a: '1' });
  const spec = { url, ref: { tag: 'v1' }, verify: { provider: 'cosign', secretRef: { name: 'cosign' } } };
  await source.apply('OCIRepository', 'signed', spec);
  const refused = await source.settled('OCIRepository', 'signed', /^False/);
  const why = `VerificationError: failed to verify the signature using provider 'cosign': no matching signatures were found for '${registry.host}/app/signed@${digest}'`;
  assert.equal(conditionOf(refused, 'Ready'), `False ${why}`);
  assert.equal(conditionOf(refused, 'SourceVerified'), `False ${why}`);
  assert.equal(refused.status?.artifact, undefined);

  // As `cosign sign --key` writes it.
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': `${registry.host}/app/signed` },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  );
  await registry.push('app/signed', `${digest.replace(':', '-')}.sig`, {
    configType: 'application/vnd.oci.image.config.v1+json',
    layers: [
      {
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        content: payload,
        annotations: { 'dev.cosignproject.cosign/signature': sign('sha256', payload, privateKey).toString('base64') },
      },
    ],
  });
  const good = await source.rerun('OCIRepository', 'signed', /^True/);
  checkStatus(good);
  assert.equal(conditionOf(good, 'SourceVerified'), `True Succeeded: verified signature of revision v1@${digest}`);
  await source.apply('OCIRepository', 'signed', {
    ...spec,
    verify: { provider: 'cosign', secretRef: { name: 'cosign-stranger' } },
  });
  const untrusted = await source.settled('OCIRepository', 'signed', /^False/);
  assert.equal(conditionOf(untrusted, 'Ready'), `False ${why}`);
  assert.equal(untrusted.status?.artifact?.revision, `v1@${digest}`);
  await source.apply('OCIRepository', 'signed', { url, ref: { tag: 'v1' } });
  const unverified = await source.settled('OCIRepository', 'signed', /^True/);
  assert.equal(conditionOf(unverified, 'SourceVerified'), '');
  checkStatus(unverified);
});

test('an artifact that is lost is pulled again, and a deleted object takes its files along', async () => {
  const url = `oci://${registry.host}/app/flow`;
  await source.apply('OCIRepository', 'lost', { url, ref: { tag: 'v1' } });
  const one = await source.settled('OCIRepository', 'lost', /^True/);
  const { rm, stat } = await import('node:fs/promises');
  const file = `${source.controller.dir}/data/${one.status?.artifact?.path}`;
  await rm(file);
  const two = await source.rerun('OCIRepository', 'lost', /^True/);
  assert.equal(two.status?.artifact?.digest, one.status?.artifact?.digest);
  assert.equal((await stat(file)).isFile(), true);
  await source.remove('OCIRepository', 'lost');
  await waitFor(async () => ((await source.read('OCIRepository', 'lost')) === undefined ? true : undefined));
  await assert.rejects(stat(file), /ENOENT/);
});
