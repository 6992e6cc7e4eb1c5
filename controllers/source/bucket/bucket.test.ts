import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { asBucket, unsupportedFields } from '#crds';
import { signAzure } from './azure-client.ts';
import { pathOf } from './fetch-objects.ts';
import { parseGcsKey, signAssertion } from './gcs-client.ts';
import { indexRevision } from './object-index.ts';
import { azureKey } from './open-bucket.ts';
import { encodeKey, signS3 } from './sign-s3.ts';
import { elements, elementText } from './xml.ts';

test('the revision of a bucket is a digest of keys and tags in the order of their bytes', () => {
  const index = new Map([
    ['c.yaml', 'etag2'],
    ['a/b.yaml', 'etag1'],
  ]);
  // Source spec section 10.
  assert.equal(
    indexRevision(index, 'sha256'),
    'sha256:0234a1aee3ce75e9d7d8ffe7d56b402d5368041298a2279e96daf5b9779ca22e',
  );
});

test('signS3 signs the request of the example in the AWS documentation', () => {
  // "Example: Get Bucket (List Objects)", Signature Version 4 for S3.
  const headers = signS3(
    'GET',
    new URL('https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J'),
    { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    'us-east-1',
    new Date('2013-05-24T00:00:00Z'),
  );
  assert.match(headers['authorization'] ?? '', /34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/);
});

test('encodeKey escapes everything but slashes and unreserved characters', () => {
  assert.equal(encodeKey("a/b c+d(é)*'~.yaml"), 'a/b%20c%2Bd%28%C3%A9%29%2A%27~.yaml');
});

test('signAzure signs headers, path and query in their canonical form', () => {
  const url = new URL('https://acct.blob.core.windows.net/c/a%20b?restype=container&comp=list');
  const headers = { 'x-ms-version': 'v', 'x-ms-date': 'd' };
  const key = { kind: 'accountKey', account: 'acct', key: 'c2VjcmV0' } as const;
  const signed = signAzure(url, headers, key);
  assert.equal(
    signed,
    signAzure(new URL(url.href.replace('restype=container&comp=list', 'comp=list&restype=container')), headers, key),
  );
  assert.notEqual(signed, signAzure(new URL(url.href.replace('a%20b', 'b')), headers, key));
  assert.match(signed, /^SharedKey acct:[A-Za-z0-9+/]{43}=$/);
});

test('azureKey takes the account from the endpoint, and no short one', () => {
  const endpoint = 'https://acct.blob.core.windows.net';
  assert.deepEqual(azureKey({ accountKey: 'k\n' }, endpoint, 's'), { kind: 'accountKey', account: 'acct', key: 'k' });
  assert.deepEqual(azureKey({ sasKey: '?a=b' }, endpoint, 's'), { kind: 'sas', query: 'a=b' });
  assert.throws(() => azureKey({ accountKey: 'k' }, 'http://localhost:1', 's'), /fewer than three labels/);
  assert.throws(() => azureKey({}, endpoint, 's'), /key 'accountKey' or 'sasKey' is missing/);
});

test('signAssertion makes a statement that the public key confirms', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const json = JSON.stringify({ client_email: 'a@b', private_key: pem, token_uri: 'https://t/x' });
  const [header = '', claims = '', signature = ''] = signAssertion(parseGcsKey(json), new Date(1_000_000)).split('.');
  assert.equal(
    createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(publicKey, signature, 'base64url'),
    true,
  );
  assert.deepEqual(JSON.parse(Buffer.from(claims, 'base64url').toString()), {
    iss: 'a@b',
    scope: 'https://www.googleapis.com/auth/devstorage.read_only',
    aud: 'https://t/x',
    iat: 1000,
    exp: 4600,
  });
  assert.throws(() => parseGcsKey('secret'), /^BucketError: the service account key lacks/);
});

test('elements reads what services answer, with entities and longer names beside', () => {
  const xml = '<L><Name>n</Name><Contents><Key>a&amp;b&#10;&#x41;</Key></Contents><ContentsX/><Contents/></L>';
  assert.deepEqual([...elements(xml, 'Contents')], ['<Key>a&amp;b&#10;&#x41;</Key>', '']);
  assert.equal(elementText(xml, 'Key'), 'a&b\nA');
  assert.equal(elementText(xml, 'None'), undefined);
});

for (const key of ['../a', '/a', 'a//b', 'a/./b', '.', 'a\\b', 'a\0b']) {
  test(`the key ${JSON.stringify(key)} is no path`, () => {
    assert.throws(() => pathOf('/dir', key), /is no path of a file/);
  });
}

for (const c of [
  { name: 'a generic bucket without Secret', spec: { provider: 'generic' }, want: [] },
  { name: 'a cloud with Secret', spec: { provider: 'azure', secretRef: { name: 'a' } }, want: [] },
  {
    name: 'the identity of the workload',
    spec: { provider: 'gcp' },
    want: ['spec (provider aws, gcp or azure without secretRef)'],
  },
]) {
  test(`${c.name} is ${c.want.length === 0 ? 'built' : 'for later'}`, () => {
    const metadata = { name: 'b' };
    const object = asBucket({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'Bucket', metadata, spec: c.spec });
    assert.deepEqual(unsupportedFields(object), c.want);
  });
}
