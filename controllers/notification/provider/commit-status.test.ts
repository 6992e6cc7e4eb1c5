import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../event/event.ts';
import { commitStatus, describeReason, parseRepositoryAddress } from './commit-status.ts';

const uid = '0c9c2e41-1111-2222-3333-444455556666';
const hash = 'a'.repeat(40);
const other = 'b'.repeat(40);
const event: Event = {
  involvedObject: { kind: 'Kustomization', namespace: 'flux-system', name: 'apps' },
  severity: 'info',
  timestamp: '',
  message: '',
  reason: 'ReconciliationSucceeded',
  metadata: { revision: `main@sha1:${hash}` },
  reportingController: '',
};

test('a status has the id of the specification, and the reason as words', () => {
  assert.deepEqual(commitStatus(event, uid), {
    commit: hash,
    id: 'kustomization/apps/0c9c2e41',
    failed: false,
    description: 'reconciliation succeeded',
  });
  assert.equal(commitStatus({ ...event, severity: 'error' }, uid)?.failed, true);
});

test('Progressing sets no status', () => {
  assert.equal(commitStatus({ ...event, reason: 'Progressing' }, uid), undefined);
});

for (const c of [
  { name: 'a branch', metadata: { revision: `main@sha1:${hash}` } },
  { name: 'a branch with a slash', metadata: { revision: `feature/x@sha1:${hash}` } },
  { name: 'a commit only', metadata: { revision: `sha1:${hash}` } },
  { name: 'the older form', metadata: { revision: `main/${hash}` } },
  { name: 'the plain hash', metadata: { revision: hash } },
  { name: 'originRevision over revision', metadata: { originRevision: `main@sha1:${hash}`, revision: other } },
  { name: 'commit over all', metadata: { commit: hash, originRevision: other, revision: other } },
  { name: 'what is not empty', metadata: { commit: '', originRevision: '', revision: hash } },
]) {
  test(`the commit is read from ${c.name}`, () => {
    assert.equal(commitStatus({ ...event, metadata: c.metadata }, uid)?.commit, hash);
  });
}

for (const c of [
  { name: 'nothing', metadata: {}, severity: 'error', want: /missing revision/ },
  {
    name: 'an OCI digest',
    metadata: { revision: `latest@sha256:${'c'.repeat(64)}` },
    severity: 'info',
    want: /extract/,
  },
  { name: 'a short hash', metadata: { revision: 'main@sha1:abc' }, severity: 'info', want: /extract/ },
  { name: 'another severity', metadata: { revision: hash }, severity: 'trace', want: /severity/ },
]) {
  test(`no status comes of ${c.name}`, () => {
    assert.throws(() => commitStatus({ ...event, metadata: c.metadata, severity: c.severity }, uid), c.want);
  });
}

for (const [reason, words] of [
  ['HealthCheckFailed', 'health check failed'],
  ['GitOperationSucceed', 'git operation succeed'],
  ['OCIPullFailed', 'oci pull failed'],
] as const) {
  test(`${reason} reads "${words}"`, () => assert.equal(describeReason(reason), words));
}

for (const [address, origin, path] of [
  ['https://github.com/o/r', 'https://github.com', 'o/r'],
  ['https://github.com/o/r.git', 'https://github.com', 'o/r'],
  ['https://gitlab.example.com:8443/g/sub/p/', 'https://gitlab.example.com:8443', 'g/sub/p'],
  ['http://127.0.0.1:80/g/p', 'http://127.0.0.1', 'g/p'],
  ['ssh://git@github.com:22/o/r.git', 'https://github.com', 'o/r'],
  ['git@github.com:o/r.git', 'https://github.com', 'o/r'],
] as const) {
  test(`${address} is ${path} at ${origin}`, () => {
    assert.deepEqual(parseRepositoryAddress(address), { origin, path });
  });
}
