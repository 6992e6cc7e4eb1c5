import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorFromResponse, isAlreadyExists, isConflict, isGone, isNotFound, NoMatchError } from './errors.ts';

const get = { method: 'GET', path: '/apis/example.com/v1/namespaces/ns/widgets/demo?x=1' };

for (const c of [
  {
    name: 'a Status speaks for itself',
    code: 404,
    body: '{"kind":"Status","message":"widgets.example.com \\"demo\\" not found","reason":"NotFound","code":404}',
    request: get,
    want: 'widgets.example.com "demo" not found',
  },
  {
    name: 'a bare 404 gets the words of Go and what was asked for',
    code: 404,
    body: '404 page not found\n',
    request: get,
    want: 'the server could not find the requested resource (get widgets.example.com demo)',
  },
  {
    name: 'a collection has no name',
    code: 503,
    body: '',
    request: { method: 'GET', path: '/api/v1/pods' },
    want: 'the server is currently unable to handle the request (get pods)',
  },
  {
    name: 'a namespace is a resource of its own',
    code: 403,
    body: '<html>',
    request: { method: 'PATCH', path: '/api/v1/namespaces/a' },
    want: 'the server does not allow access to the requested resource (patch namespaces a)',
  },
  {
    name: 'a failure of a proxy is quoted',
    code: 502,
    body: 'bad gateway',
    request: { method: 'GET', path: '/version' },
    want: 'an error on the server ("bad gateway") has prevented the request from succeeding',
  },
])
  test(`errorFromResponse: ${c.name}`, () => {
    const error = errorFromResponse(c.code, c.body, c.request);
    assert.equal(error.message, c.want);
    assert.equal(error.code, c.code);
  });

test('predicates follow the reason, and the code only where there is none', () => {
  const of = (code: number, reason: string): Error =>
    errorFromResponse(code, JSON.stringify({ kind: 'Status', reason, message: 'x' }), get);
  assert.ok(isNotFound(of(404, 'NotFound')));
  assert.ok(isNotFound(of(404, '')));
  assert.ok(isConflict(of(409, 'Conflict')));
  assert.ok(!isConflict(of(409, 'AlreadyExists')));
  assert.ok(isAlreadyExists(of(409, 'AlreadyExists')));
  assert.ok(isGone(of(410, 'Expired')));
  assert.ok(!isNotFound(new Error('not found')));
});

test('NoMatchError speaks as kubectl does', () => {
  const error = new NoMatchError({ group: 'foo.io', version: 'v1', kind: 'Foo' });
  assert.equal(error.message, 'no matches for kind "Foo" in version "foo.io/v1"');
});
