import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attempt, isTransient, retryDelayMs, whyItFailed } from './http-attempt.ts';

const answer = (status: number, fields: { body?: string; retryAfter?: string } = {}): Attempt => ({
  status,
  body: '',
  ...fields,
});
const failure = (code: string): Attempt => ({ error: Object.assign(new Error(code), { code }) });

for (const c of [
  { attempt: answer(500), again: true },
  { attempt: answer(503), again: true },
  { attempt: answer(429), again: true },
  { attempt: answer(501), again: false },
  { attempt: answer(404), again: false },
  { attempt: answer(302), again: false },
  { attempt: failure('ECONNREFUSED'), again: true },
  { attempt: failure('UND_ERR_SOCKET'), again: true },
  { attempt: failure('DEPTH_ZERO_SELF_SIGNED_CERT'), again: false },
  { attempt: failure('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), again: false },
  { attempt: failure('ERR_TLS_CERT_ALTNAME_INVALID'), again: false },
  { attempt: failure('UND_ERR_INVALID_ARG'), again: false },
]) {
  test(`${JSON.stringify(c.attempt)} is ${c.again ? '' : 'not '}tried again`, () => {
    assert.equal(isTransient(c.attempt), c.again);
  });
}

test('the waits are those of Flux', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 9].map((attempt) => retryDelayMs(attempt, answer(500), 0)),
    [2000, 4000, 8000, 16_000, 30_000],
  );
});

const now = Date.parse('2026-11-21T00:00:00Z');
for (const [status, retryAfter, wantMs] of [
  [429, '7', 7000],
  [503, 'Sat, 21 Nov 2026 00:00:05 GMT', 5000],
  [503, 'Fri, 20 Nov 2026 00:00:00 GMT', 0],
  [429, 'soon', 2000],
  [429, '99999999999', 86_400_000],
  [500, '7', 2000],
] as const) {
  test(`Retry-After "${retryAfter}" with ${status} means ${wantMs} ms`, () => {
    assert.equal(retryDelayMs(0, answer(status, { retryAfter }), now), wantMs);
  });
}

test('an answer is quoted, masked before it is cut', () => {
  const body = `${'x'.repeat(495)}s3cr3t-token`;
  const text = whyItFailed(answer(404, { body }), (quoted) => quoted.replaceAll('s3cr3t-token', '*****'));
  assert.equal(text, `request failed with status code 404, ${'x'.repeat(495)}*****`);
  assert.equal(whyItFailed(answer(404), String), 'request failed with status code 404');
});

test('the reasons of several addresses are told', () => {
  const error = new AggregateError([new Error('refused v6'), new Error('refused v4')], '');
  assert.match(whyItFailed({ error }, String), /refused v6.*refused v4/);
});
