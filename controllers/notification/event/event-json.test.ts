import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanMetadata, dropToken } from './event.ts';
import { encodeEvent, EventError, parseEvent } from './event-json.ts';

const group = 'kustomize.toolkit.fluxcd.io';
const posted = {
  involvedObject: {
    kind: 'Kustomization',
    namespace: 'apps',
    name: 'web',
    uid: 'u-1',
    apiVersion: `${group}/v1`,
    resourceVersion: '7',
  },
  severity: 'info',
  timestamp: '2026-11-21T02:27:31Z',
  message: 'Applied',
  reason: 'ReconciliationSucceeded',
  metadata: { [`${group}/revision`]: 'main@sha1:abc' },
  reportingController: 'kustomize-controller',
  reportingInstance: 'pod-1',
};

test('an event is written as it was read, in the order of the fields and compact', () => {
  assert.equal(encodeEvent(parseEvent(JSON.stringify(posted))), JSON.stringify(posted));
});

test('keys of metadata are sorted, and empty optional fields are left out', () => {
  const text = JSON.stringify({
    ...posted,
    involvedObject: { name: 'web', namespace: 'apps', kind: 'Kustomization', uid: '', apiVersion: 'v1' },
    metadata: { b: '2', a: '1' },
    reportingInstance: '',
  });
  assert.equal(
    encodeEvent(parseEvent(text)),
    '{"involvedObject":{"kind":"Kustomization","namespace":"apps","name":"web","apiVersion":"v1"},"severity":"info",' +
      '"timestamp":"2026-11-21T02:27:31Z","message":"Applied","reason":"ReconciliationSucceeded",' +
      '"metadata":{"a":"1","b":"2"},"reportingController":"kustomize-controller"}',
  );
});

for (const c of [
  { name: 'without metadata', metadata: undefined },
  { name: 'with null for metadata', metadata: null },
  { name: 'with empty metadata', metadata: {} },
]) {
  test(`an event ${c.name} is written without that field`, () => {
    const { metadata: _, ...rest } = posted;
    assert.equal(encodeEvent(parseEvent(JSON.stringify({ ...posted, metadata: c.metadata }))), JSON.stringify(rest));
  });
}

for (const c of [
  { name: 'another zone becomes UTC', given: '2026-11-21T04:27:31+02:00', want: '2026-11-21T02:27:31Z' },
  { name: 'a fraction is cut off', given: '2026-11-21T02:27:31.987654321Z', want: '2026-11-21T02:27:31Z' },
  { name: 'a missing one stays missing', given: undefined, want: '' },
]) {
  test(`timestamp: ${c.name}`, () => {
    assert.equal(parseEvent(JSON.stringify({ ...posted, timestamp: c.given })).timestamp, c.want);
  });
}

for (const c of [
  { name: 'no body', body: '' },
  { name: 'text', body: 'hello' },
  { name: 'JSON with something behind it', body: '{} x' },
  { name: 'a list', body: '[]' },
  { name: 'a number for the message', body: '{"message":1}' },
  { name: 'a text for the object', body: '{"involvedObject":"web"}' },
  { name: 'a list of metadata', body: '{"metadata":[]}' },
  { name: 'a number in metadata', body: '{"metadata":{"a":1}}' },
  { name: 'a timestamp of another form', body: '{"timestamp":"yesterday"}' },
  { name: 'a day that does not exist', body: '{"timestamp":"2026-13-41T00:00:00Z"}' },
  { name: 'deep nesting', body: '['.repeat(100_000) },
]) {
  test(`a body is refused that is or has ${c.name}`, () => {
    assert.throws(() => parseEvent(c.body), EventError);
  });
}

test('null and unknown severities are taken', () => {
  assert.equal(parseEvent('null').message, '');
  assert.equal(parseEvent('{"severity":"trace"}').severity, 'trace');
});

test('the error about a body does not quote it', () => {
  assert.throws(
    () => parseEvent('s3cr3t'),
    (error: Error) => !error.message.includes('s3cr3t'),
  );
});

test('metadata keeps the keys of the two prefixes, without digest and checksum of the group', () => {
  const event = parseEvent(
    JSON.stringify({
      ...posted,
      metadata: {
        [`${group}/revision`]: 'r',
        [`${group}/digest`]: 'd',
        [`${group}/checksum`]: 'c',
        [`${group}/token`]: 't',
        'event.toolkit.fluxcd.io/commit': 'c',
        'event.toolkit.fluxcd.io/digest': 'kept',
        'source.toolkit.fluxcd.io/revision': 'other group',
        plain: 'x',
      },
    }),
  );
  assert.deepEqual(cleanMetadata(event).metadata, {
    [`${group}/revision`]: 'r',
    [`${group}/token`]: 't',
    'event.toolkit.fluxcd.io/commit': 'c',
    'event.toolkit.fluxcd.io/digest': 'kept',
  });
  assert.equal(dropToken(cleanMetadata(event)).metadata?.[`${group}/token`], undefined);
});
