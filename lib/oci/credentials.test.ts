import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenge } from './challenge.ts';
import { findCredentials } from './credentials.ts';
import { parseOciUrl } from './reference.ts';

const auth = (user: string, password: string): object => ({
  auth: Buffer.from(`${user}:${password}`).toString('base64'),
});

for (const c of [
  { name: 'of the host', auths: { 'ghcr.io': auth('a', 'b:c') }, want: ['a', 'b:c'] },
  { name: 'of a URL', auths: { 'https://ghcr.io/v2/': auth('a', 'b') }, want: ['a', 'b'] },
  {
    name: 'of the longest path',
    auths: { 'ghcr.io': auth('a', '1'), 'ghcr.io/org': auth('b', '2') },
    want: ['b', '2'],
  },
  { name: 'not of a path that only begins alike', auths: { 'ghcr.io/or': auth('a', '1') }, want: undefined },
  { name: 'not of another host', auths: { 'ghcr.io.evil.example': auth('a', '1') }, want: undefined },
  { name: 'of a star', auths: { '*.io': auth('a', '1') }, want: ['a', '1'] },
  { name: 'not of a star for two labels', auths: { '*.example': auth('a', '1') }, want: undefined },
  { name: 'in plain fields', auths: { 'ghcr.io': { username: 'a', password: 'b' } }, want: ['a', 'b'] },
  { name: 'not of an empty entry', auths: { 'ghcr.io': {} }, want: undefined },
]) {
  test(`findCredentials finds those ${c.name}`, () => {
    const found = findCredentials(JSON.stringify({ auths: c.auths }), 'ghcr.io', 'org/repo');
    assert.deepEqual(found === undefined ? undefined : [found.username, found.password], c.want);
  });
}

test('findCredentials knows the names of Docker Hub', () => {
  const config = JSON.stringify({ auths: { 'https://index.docker.io/v1/': auth('a', 'b') } });
  assert.equal(findCredentials(config, 'docker.io', 'library/alpine')?.username, 'a');
  assert.throws(
    () => findCredentials('secret', 'docker.io', 'x'),
    new TypeError('cannot parse the Docker configuration: it is no JSON'),
  );
});

for (const c of [
  { url: 'oci://ghcr.io/org/repo', want: ['ghcr.io', 'org/repo'] },
  { url: 'oci://localhost:5000/repo/', want: ['localhost:5000', 'repo'] },
  { url: 'oci://docker.io/alpine', want: ['docker.io', 'library/alpine'] },
  { url: 'oci://ghcr.io/org/repo:v1', want: undefined },
  { url: 'oci://ghcr.io/org/repo@sha256:00', want: undefined },
  { url: 'oci://ghcr.io', want: undefined },
  { url: 'oci://user@ghcr.io/repo', want: undefined },
  { url: 'oci://ghcr.io/../x', want: undefined },
  { url: 'oci://ghcr.io/Org', want: undefined },
]) {
  test(`parseOciUrl reads ${c.url}`, () => {
    if (c.want === undefined) assert.throws(() => parseOciUrl(c.url), /^OciError: URL validation failed for/);
    else assert.deepEqual(Object.values(parseOciUrl(c.url)), c.want);
  });
}

for (const c of [
  {
    header: 'Bearer realm="https://auth.example/token",service="reg",scope="repository:a:pull,push"',
    want: { scheme: 'bearer', realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a:pull,push' },
  },
  { header: 'bearer realm=https://a/t', want: { scheme: 'bearer', realm: 'https://a/t', service: '', scope: '' } },
  { header: 'Basic realm="x"', want: { scheme: 'basic' } },
  { header: 'Negotiate, Basic realm="x"', want: { scheme: 'basic' } },
  { header: 'Negotiate', want: undefined },
  { header: '', want: undefined },
]) {
  test(`parseChallenge reads ${JSON.stringify(c.header)}`, () => {
    assert.deepEqual(parseChallenge(c.header), c.want);
  });
}
