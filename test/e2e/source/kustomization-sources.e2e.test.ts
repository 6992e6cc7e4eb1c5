import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  checkStatus,
  fluxLayerType,
  type Registry,
  type RunningController,
  type S3Server,
  startController,
  startRegistry,
  startS3Server,
  waitFor,
} from '#test-kit';
import { archiveOf, conditionOf, SourceFixture } from './fixture.ts';

let source: SourceFixture;
let kustomize: RunningController;
let registry: Registry;
let s3: S3Server;

before(async () => {
  [source, registry, s3] = await Promise.all([SourceFixture.start(), startRegistry(), startS3Server()]);
  kustomize = await startController('kustomize', { kubeconfig: source.cluster.kubeconfigPath });
});

after(async () => {
  await kustomize?.stop();
  await source?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
});

const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

function objectPath(name: string): string {
  return `/api/v1/namespaces/${source.namespace}/configmaps/${name}`;
}

async function applied(name: string): Promise<void> {
  await waitFor(async () => await source.cluster.get(objectPath(name)), { what: `ConfigMap ${name}` });
}

async function kustomization(name: string, kind: string): Promise<void> {
  const spec = { prune: true, sourceRef: { kind, name }, targetNamespace: source.namespace };
  await source.apply('Kustomization', name, spec);
}

async function push(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<string> {
  const content = await archiveOf({ 'a.yaml': configMap(name) });
  return (await registry.push('app', 'v1', { layers: [{ mediaType: fluxLayerType, content }], annotations })).digest;
}

test('a moved tag becomes other objects, and the origin is told', async () => {
  const origin = 'main@sha1:0123456789abcdef0123456789abcdef01234567';
  const first = await push('from-oci', { 'org.opencontainers.image.revision': origin });
  await source.apply('OCIRepository', 'oci', { url: `oci://${registry.host}/app`, ref: { tag: 'v1' } });
  await kustomization('oci', 'OCIRepository');
  const one = await source.settled('Kustomization', 'oci', /^True/);
  checkStatus(one);
  await applied('from-oci');
  assert.equal(one.status?.['lastAppliedRevision'], `v1@${first}`);
  assert.equal(one.status?.['lastAppliedOriginRevision'], origin);
  const second = await push('from-oci-too');
  await source.rerun('OCIRepository', 'oci', new RegExp(second));
  await source.settled('Kustomization', 'oci', new RegExp(second));
  await applied('from-oci-too');
  assert.equal(await source.cluster.get(objectPath('from-oci')), undefined);
});

test('a bucket becomes objects', async () => {
  await s3.createBucket('apps');
  await s3.put('apps', 'a.yaml', configMap('from-bucket'));
  await kustomization('bucket', 'Bucket');
  const none = await source.settled('Kustomization', 'bucket', /^False/);
  assert.match(
    conditionOf(none, 'Ready'),
    /^False ArtifactFailed: Bucket.source.toolkit.fluxcd.io "bucket" not found$/,
  );
  await source.apply('Bucket', 'bucket', { bucketName: 'apps', endpoint: s3.host, insecure: true });
  checkStatus(await source.settled('Kustomization', 'bucket', /^True/));
  await applied('from-bucket');
});

test('an ExternalArtifact is a source behind its gate only', async () => {
  const bucket = await source.settled('Bucket', 'bucket', /^True/);
  const { apiVersion } = bucket;
  const metadata = { name: 'external', namespace: source.namespace };
  await source.cluster.apply({ apiVersion, kind: 'ExternalArtifact', metadata, spec: {} });
  const status = { artifact: bucket.status?.artifact, conditions: [] };
  const path = `${source.path('ExternalArtifact', 'external')}/status`;
  assert.equal((await source.cluster.request('PATCH', path, { status }, 'application/merge-patch+json')).status, 200);
  await kustomization('external', 'ExternalArtifact');
  const refused = await source.settled('Kustomization', 'external', /^False/);
  assert.equal(
    conditionOf(refused, 'Ready'),
    `False AccessDenied: can't access 'ExternalArtifact/${source.namespace}/external', ExternalArtifact feature gate is disabled`,
  );
  await kustomize.stop();
  kustomize = await startController('kustomize', {
    kubeconfig: source.cluster.kubeconfigPath,
    args: ['--feature-gates=ExternalArtifact=true'],
  });
  checkStatus(await source.settled('Kustomization', 'external', /^True/));
});
