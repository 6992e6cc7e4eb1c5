import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Receiver, ReceiverResource } from '#crds';
import { requestVariable, ResourceFilters } from './filters.ts';

const named: ReceiverResource = { kind: 'GitRepository', name: 'web' };

function receiver(resourceFilter: string | undefined, filter?: string): Receiver {
  return {
    apiVersion: 'notification.toolkit.fluxcd.io/v1',
    kind: 'Receiver',
    metadata: { name: 'r', namespace: 'apps' },
    spec: {
      type: 'generic',
      resources: [{ ...named, ...(filter !== undefined && { filter }) }],
      ...(resourceFilter !== undefined && { resourceFilter }),
    },
  };
}

const object = {
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata: { name: 'web', namespace: 'apps', generation: 3, labels: { env: 'prod' } },
};
const req = { ref: 'refs/heads/main', count: 2, repository: { name: 'web' } };

for (const c of [
  { name: 'takes everything without filters', forAll: undefined, own: undefined, want: true },
  {
    name: 'compares the object with the body',
    forAll: 'res.metadata.name == req.repository.name',
    own: undefined,
    want: true,
  },
  { name: 'needs both filters: the own one fails', forAll: 'true', own: "req.ref == 'x'", want: false },
  { name: 'needs both filters: the common one fails', forAll: 'false', own: 'true', want: false },
  {
    name: 'knows kind and labels',
    forAll: "res.kind == 'GitRepository' && res.metadata.labels.env == 'prod'",
    own: undefined,
    want: true,
  },
  {
    name: 'reads numbers of the body as doubles',
    forAll: 'type(req.count) == double && req.count == 2',
    own: undefined,
    want: true,
  },
  {
    name: 'reads numbers of the object as integers',
    forAll: 'res.metadata.generation % 2 == 1',
    own: undefined,
    want: true,
  },
]) {
  test(`a filter ${c.name}`, () => {
    const one = receiver(c.forAll, c.own);
    const [resource = named] = one.spec.resources;
    assert.equal(ResourceFilters.of(one).wants(resource, object, req), c.want);
  });
}

for (const c of [
  {
    name: 'bad syntax',
    filter: 'req.',
    want: /^failed to parse the CEL expression 'req\.': ERROR: <input>:1:5: Syntax error/,
  },
  {
    name: 'a result that is no bool',
    filter: "'a'",
    want: /^CEL expression output type mismatch: expected bool, got string$/,
  },
  {
    name: 'a result of unknown type',
    filter: 'req.ok',
    want: /^CEL expression output type mismatch: expected bool, got dyn$/,
  },
  {
    name: 'claims, which only generic-oidc has',
    filter: "claims.sub == 'x'",
    want: /undeclared reference to 'claims'/,
  },
]) {
  test(`ResourceFilters refuses ${c.name}`, () => {
    assert.throws(() => ResourceFilters.of(receiver(undefined, c.filter)), { message: c.want });
  });
}

test('a field that the body lacks is a failure, not a no', () => {
  const one = receiver("req.tag == 'x'");
  assert.throws(() => ResourceFilters.of(one).wants(named, object, req), /: no such key: tag$/);
});

for (const c of [
  { name: 'a JSON body', type: 'application/json; charset=utf-8', body: '{"a":1}', want: { a: 1 } },
  { name: 'nothing of a form', type: 'application/x-www-form-urlencoded', body: '{"a":1}', want: {} },
  { name: 'nothing without a type', type: undefined, body: '{"a":1}', want: {} },
  { name: 'nothing of null', type: 'application/json', body: 'null', want: {} },
]) {
  test(`requestVariable gives ${c.name}`, () => {
    const headers = c.type === undefined ? {} : { 'content-type': c.type };
    assert.deepEqual(requestVariable({ headers, body: Buffer.from(c.body) }), c.want);
  });
}

for (const body of ['', '{', '[1]', '"x"']) {
  test(`requestVariable refuses ${JSON.stringify(body)} that calls itself JSON`, () => {
    const webhook = { headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
    assert.throws(() => requestVariable(webhook), /^CelError: cannot /);
  });
}
