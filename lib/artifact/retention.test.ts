import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advertisedAddress, artifactUrl } from './address.ts';
import { type StoredFile, selectGarbage } from './retention.ts';

const noon = new Date('2026-01-01T12:00:00Z');

function file(path: string, ageMs: number, current = false): StoredFile {
  return { path, modifiedAt: new Date(noon.getTime() - ageMs), current };
}

for (const c of [
  { name: 'keeps the current file however old', files: [file('a', 9e9, true)], want: [] },
  { name: 'keeps what was replaced a moment ago', files: [file('a', 100), file('b', 50, true)], want: [] },
  { name: 'drops what is older than its time', files: [file('a', 60_001), file('b', 50, true)], want: ['a'] },
  { name: 'keeps what is exactly at its time', files: [file('a', 60_000), file('b', 50, true)], want: [] },
  {
    name: 'drops the oldest over the record count',
    files: [file('new', 1), file('old', 3), file('now', 2, true)],
    want: ['old'],
  },
  {
    name: 'spares the current file though it is the oldest',
    files: [file('x', 1), file('y', 2), file('now', 9, true)],
    want: ['y'],
  },
  {
    name: 'does not count what is too old',
    files: [file('gone', 1e6), file('a', 2), file('now', 1, true)],
    want: ['gone'],
  },
  {
    name: 'drops everything old of an object without artifact',
    files: [file('a', 1e6), file('b', 1e6)],
    want: ['a', 'b'],
  },
]) {
  test(`selectGarbage ${c.name}`, () => {
    assert.deepEqual(
      selectGarbage(c.files, { records: 2, ttlMs: 60_000 }, noon).map((f) => f.path),
      c.want,
    );
  });
}

for (const c of [
  {
    advertised: 'source-controller.ns.svc.cluster.local.',
    listen: ':9090',
    want: 'source-controller.ns.svc.cluster.local.',
  },
  { advertised: '', listen: ':9090', want: 'localhost:9090' },
  { advertised: '', listen: '0.0.0.0:9090', want: 'pod-1:9090' },
  { advertised: '', listen: '127.0.0.1:80', want: '127.0.0.1:80' },
]) {
  test(`advertisedAddress of "${c.advertised}" listening on ${c.listen} is ${c.want}`, () => {
    assert.equal(advertisedAddress(c.advertised, c.listen, 'pod-1'), c.want);
  });
}

test('artifactUrl keeps colons, pluses and a scheme that is there', () => {
  assert.equal(artifactUrl('host.', 'helmchart/a/b/c-1.0.0+x.tgz'), 'http://host./helmchart/a/b/c-1.0.0+x.tgz');
  assert.equal(
    artifactUrl('https://host/', 'ocirepository/a/b/sha256:0.tar.gz'),
    'https://host/ocirepository/a/b/sha256:0.tar.gz',
  );
});
