import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestedPath } from './file-server.ts';
import { evaluateConditions, parseRange } from './http-conditions.ts';

const file = { etag: '"1"', modifiedAt: new Date('2026-01-01T12:00:00.500Z') };
const at = 'Thu, 01 Jan 2026 12:00:00 GMT';
const before = 'Thu, 01 Jan 2026 11:59:59 GMT';

for (const c of [
  { name: 'proceeds without conditions', headers: {}, want: 'proceed' },
  { name: 'knows its tag', headers: { 'if-none-match': '"0", W/"1"' }, want: 'notModified' },
  {
    name: 'proceeds for another tag although the time fits',
    headers: { 'if-none-match': '"0"', 'if-modified-since': at },
    want: 'proceed',
  },
  { name: 'is not modified since its own second', headers: { 'if-modified-since': at }, want: 'notModified' },
  { name: 'is modified since the second before', headers: { 'if-modified-since': before }, want: 'proceed' },
  { name: 'refuses a wrong if-match', headers: { 'if-match': '"0"' }, want: 'preconditionFailed' },
  { name: 'does not match weakly', headers: { 'if-match': 'W/"1"' }, want: 'preconditionFailed' },
  { name: 'refuses when changed since', headers: { 'if-unmodified-since': before }, want: 'preconditionFailed' },
  { name: 'takes the range of the same file', headers: { 'if-range': '"1"' }, want: 'proceed' },
  { name: 'sends the whole of another file', headers: { 'if-range': '"0"' }, want: 'ignoreRange' },
  { name: 'ignores a date that does not parse', headers: { 'if-modified-since': 'yesterday' }, want: 'proceed' },
]) {
  test(`evaluateConditions ${c.name}`, () => assert.equal(evaluateConditions('GET', c.headers, file), c.want));
}

for (const c of [
  { header: undefined, want: 'whole' },
  { header: 'bytes=0-4', want: { start: 0, end: 4 } },
  { header: 'bytes=5-', want: { start: 5, end: 9 } },
  { header: 'bytes=-3', want: { start: 7, end: 9 } },
  { header: 'bytes=-99', want: { start: 0, end: 9 } },
  { header: 'bytes=8-99', want: { start: 8, end: 9 } },
  { header: 'bytes=10-', want: 'unsatisfiable' },
  { header: 'bytes=-0', want: 'unsatisfiable' },
  { header: 'bytes=4-2', want: 'whole' },
  { header: 'bytes=0-1,3-4', want: 'whole' },
  { header: 'lines=0-1', want: 'whole' },
] as const) {
  test(`parseRange of ${c.header} in 10 bytes`, () => assert.deepEqual(parseRange(c.header, 10), c.want));
}

for (const c of [
  { url: '/gitrepository/a/b/c.tar.gz?x#y', want: '/gitrepository/a/b/c.tar.gz' },
  { url: '/../../etc/passwd', want: '/etc/passwd' },
  { url: '/%2e%2e/%2e%2e%2fetc/passwd', want: '/etc/passwd' },
  { url: '/a/..%2f..%2f..%2fetc', want: '/etc' },
  { url: '/%252e%252e/x', want: '/%2e%2e/x' },
  { url: '//etc/passwd', want: '/etc/passwd' },
  { url: 'http://evil/x', want: '/x' },
  { url: '/a%00b', want: undefined },
  { url: '/%zz', want: undefined },
  { url: '/sha256:0+1.tgz', want: '/sha256:0+1.tgz' },
]) {
  test(`requestedPath of ${c.url}`, () => assert.equal(requestedPath(c.url), c.want));
}
