import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { checkStatus, httpSink, type S3Server, startS3Server } from '#test-kit';
import { conditionOf, contentOf, SourceFixture } from './fixture.ts';

let source: SourceFixture;
let s3: S3Server;

before(async () => {
  [source, s3] = await Promise.all([SourceFixture.start(), startS3Server()]);
});

after(async () => {
  await source?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

function revisionOf(objects: Readonly<Record<string, string>>): string {
  const lines = Object.entries(objects).map(([key, etag]) => `${key} ${etag}\n`);
  return `sha256:${createHash('sha256').update(lines.toSorted().join('')).digest('hex')}`;
}

const generic = (bucketName: string): object => ({ bucketName, endpoint: s3.host, insecure: true });

test('the objects of a bucket become an artifact, and only a change makes a new one', async () => {
  await s3.createBucket('flow');
  await s3.put('flow', 'a.yaml', 'a: 1');
  await s3.put('flow', 'sub dir/b+c.yaml', 'b: 1');
  await s3.put('flow', 'folder/', '');
  await source.secret('keys', { accesskey: 'AKIA', secretkey: 's3cr3t-key' });
  await source.apply('Bucket', 'flow', { ...generic('flow'), secretRef: { name: 'keys' } });
  const one = await source.settled('Bucket', 'flow', /^True/);
  checkStatus(one);
  const revision = revisionOf({ 'a.yaml': md5('a: 1'), 'sub dir/b+c.yaml': md5('b: 1') });
  assert.equal(conditionOf(one, 'Ready'), `True Succeeded: stored artifact: revision '${revision}'`);
  assert.equal(conditionOf(one, 'ArtifactInStorage'), conditionOf(one, 'Ready'));
  const path = `bucket/${source.namespace}/flow`;
  assert.equal(one.status?.artifact?.path, `${path}/${revision.slice(7)}.tar.gz`);
  assert.equal(one.status?.url, `${source.controller.urls.storage}/${path}/latest.tar.gz`);
  assert.deepEqual(await contentOf(one), { 'a.yaml': 'a: 1', 'sub dir/b+c.yaml': 'b: 1' });
  const again = await source.rerun('Bucket', 'flow', /^True/);
  assert.deepEqual(again.status?.artifact, one.status?.artifact);

  await s3.put('flow', 'a.yaml', 'a: 2');
  await s3.remove('flow', 'sub dir/b+c.yaml');
  const next = revisionOf({ 'a.yaml': md5('a: 2') });
  const two = await source.rerun('Bucket', 'flow', new RegExp(next));
  checkStatus(two);
  assert.deepEqual(await contentOf(two), { 'a.yaml': 'a: 2' });
  await source.events.received(2, { where: ({ body }) => body.includes('"flow"') });
  assert.deepEqual(
    source.posted('flow').map((event) => [event['reason'], event['message']]),
    [
      ['NewArtifact', "stored artifact with 2 fetched files from 'flow' bucket"],
      ['NewArtifact', "stored artifact with 1 fetched files from 'flow' bucket"],
    ],
  );
  assert.doesNotMatch(JSON.stringify(two) + JSON.stringify(await source.controller.logs()), /s3cr3t-key/);
});

test('prefix and ignore rules choose, with no rule of their own', async () => {
  await s3.createBucket('chosen');
  for (const key of ['.sourceignore', 'app/a.yaml', 'app/b.md', 'app/pic.png', 'app/sub/c.yaml', 'other.yaml']) {
    await s3.put('chosen', key, key === '.sourceignore' ? '*.md\n' : key);
  }
  await source.apply('Bucket', 'chosen', { ...generic('chosen'), prefix: 'app/', ignore: '/app/sub/\n' });
  const object = await source.settled('Bucket', 'chosen', /^True/);
  checkStatus(object);
  assert.deepEqual(Object.keys(await contentOf(object)), ['.sourceignore', 'app/a.yaml', 'app/pic.png']);
  assert.equal(object.status?.['observedIgnore'], '/app/sub/\n');
});

test('a bucket of many pages is read to its end', async () => {
  await s3.createBucket('many');
  const keys = Array.from({ length: 1105 }, (_, index) => `f${index}.yaml`);
  for (let at = 0; at < keys.length; at += 50) {
    await Promise.all(keys.slice(at, at + 50).map((key) => s3.put('many', key, key)));
  }
  await source.apply('Bucket', 'many', generic('many'));
  assert.equal(Object.keys(await contentOf(await source.settled('Bucket', 'many', /^True/))).length, 1105);
});

test('failures say what is wrong, and are recovered from', async () => {
  for (const c of [
    {
      name: 'no-bucket',
      spec: generic('nothing-here'),
      want: "BucketOperationFailed: bucket 'nothing-here' not found",
    },
    {
      name: 'no-host',
      spec: { ...generic('b'), endpoint: '127.0.0.1:1' },
      want: `BucketOperationFailed: failed to confirm existence of 'b' bucket: Head "http://127.0.0.1:1/b/": dial tcp 127.0.0.1:1: connect: connection refused`,
    },
    {
      name: 'no-secret',
      spec: { ...generic('b'), secretRef: { name: 'none' } },
      want: `AuthenticationFailed: failed to get secret '${source.namespace}/none': secrets "none" not found`,
    },
  ]) {
    await source.apply('Bucket', c.name, c.spec);
    const object = await source.settled('Bucket', c.name, /^False/);
    assert.equal(conditionOf(object, 'Ready'), `False ${c.want}`);
    assert.equal(conditionOf(object, 'FetchFailed'), `True ${c.want}`);
    checkStatus(object, { settled: false });
  }
  await s3.createBucket('nothing-here');
  await s3.put('nothing-here', 'a', '1');
  checkStatus(await source.rerun('Bucket', 'no-bucket', /^True/));
});

test('keys that are no paths, or two files in one place, are refused', async () => {
  const sink = await httpSink();
  sink.answer(({ path, method }) => {
    if (method === 'HEAD') return { status: 200 };
    if (path.includes('list-type')) {
      const entry = (key: string): string => `<Contents><Key>${key}</Key><ETag>"e"</ETag><Size>1</Size></Contents>`;
      const keys = path.startsWith('/climbs') ? ['../../evil'] : ['a', 'a/b'];
      return { status: 200, body: `<ListBucketResult>${keys.map(entry).join('')}</ListBucketResult>` };
    }
    return path.endsWith('.sourceignore') ? { status: 404 } : { status: 200, headers: { etag: '"e"' }, body: 'x' };
  });
  const endpoint = new URL(sink.url).host;
  await source.apply('Bucket', 'climbs', { ...generic('climbs'), endpoint });
  assert.equal(
    conditionOf(await source.settled('Bucket', 'climbs', /^False/), 'Ready'),
    `False BucketOperationFailed: fetch from bucket 'climbs' failed: object key "../../evil" is no path of a file`,
  );
  await source.apply('Bucket', 'clash', { ...generic('clash'), endpoint });
  assert.match(
    conditionOf(await source.settled('Bucket', 'clash', /^False/), 'Ready'),
    /an object key cannot be stored as a file/,
  );
  await sink[Symbol.asyncDispose]();
});

test('Azure and Google are asked in their own language', async () => {
  const sink = await httpSink();
  const host = new URL(sink.url).host;
  sink.answer(({ path, method }) => {
    const json = (value: object) => ({ status: 200, body: JSON.stringify(value) });
    if (path === '/token') return json({ access_token: 'a-token' });
    if (path.startsWith('/storage/v1/b/things/o?')) {
      return json({ items: [{ name: 'x/g.yaml', etag: 'CAE=', size: '5' }] });
    }
    if (path.includes('alt=media')) return { status: 200, headers: { etag: '"other"' }, body: 'g: 1\n' };
    if (path.startsWith('/storage/v1/b/things/o/x%2Fg.yaml')) return json({ etag: 'CAE=', generation: '7' });
    if (path.startsWith('/storage')) return { status: 404 };
    if (path.startsWith('/box?')) {
      const blob =
        '<Blob><Name>a z.yaml</Name><Properties><Etag>0x8D</Etag><Content-Length>5</Content-Length></Properties></Blob>';
      return { status: 200, body: `<EnumerationResults><Blobs>${blob}</Blobs><NextMarker /></EnumerationResults>` };
    }
    if (path.startsWith('/box/a%20z.yaml')) return { status: 200, headers: { etag: '"0x8D"' }, body: 'z: 1\n' };
    return { status: method === 'GET' ? 404 : 200 };
  });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = {
    client_email: 'a@b',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${sink.url}/token`,
  };
  await source.secret('gcs', { serviceaccount: JSON.stringify(key) });
  await source.secret('sas', { sasKey: '?sv=2021&sig=a%2Bb' });
  const google = { provider: 'gcp', bucketName: 'things', endpoint: host, insecure: true, secretRef: { name: 'gcs' } };
  await source.apply('Bucket', 'google', google);
  const fromGoogle = await source.settled('Bucket', 'google', /^True/);
  checkStatus(fromGoogle);
  assert.deepEqual(await contentOf(fromGoogle), { 'x/g.yaml': 'g: 1\n' });
  assert.equal(fromGoogle.status?.artifact?.revision, revisionOf({ 'x/g.yaml': 'CAE=' }));
  const azure = { provider: 'azure', bucketName: 'box', endpoint: sink.url, secretRef: { name: 'sas' } };
  await source.apply('Bucket', 'azure', azure);
  const fromAzure = await source.settled('Bucket', 'azure', /^True/);
  assert.deepEqual(await contentOf(fromAzure), { 'a z.yaml': 'z: 1\n' });
  // The listing and the download agree on the tag, so the next look downloads nothing.
  const downloads = (): number => sink.requests.filter(({ path }) => path.startsWith('/box/a%20z')).length;
  const before_ = downloads();
  await source.rerun('Bucket', 'azure', /^True/);
  assert.equal(downloads(), before_);
  assert.ok(
    sink.requests.filter(({ path }) => path.startsWith('/box')).every(({ path }) => path.includes('sig=a%2Bb')),
  );
  assert.ok(
    sink.requests
      .filter(({ path }) => path.startsWith('/storage'))
      .every(({ headers }) => headers.authorization === 'Bearer a-token'),
  );
  await sink[Symbol.asyncDispose]();
});
