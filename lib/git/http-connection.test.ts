import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepsCredentials } from './http-connection.ts';
import { describeFailure } from './http-failure.ts';
import { encodePacket, PacketReader } from './pkt-line.ts';

for (const [from, to, want] of [
  ['https://git.example/a', 'https://git.example/b', true],
  ['http://git.example/a', 'https://git.example/a', true],
  ['https://git.example/a', 'http://git.example/a', false],
  ['https://git.example/a', 'https://eu.git.example/a', true],
  ['https://git.example/a', 'https://evilgit.example/a', false],
  ['https://git.example/a', 'https://other.example/a', false],
  ['https://git.example/a', 'https://git.example:8443/a', false],
] as const) {
  test(`a redirect from ${from} to ${to} ${want ? 'keeps' : 'drops'} the credentials`, () => {
    assert.equal(keepsCredentials(new URL(from), new URL(to)), want);
  });
}

const live = new AbortController().signal;
const target = new URL('https://git.example/repo');

for (const [error, want] of [
  [{ code: 'ECONNREFUSED', address: '::1', port: 443 }, 'dial tcp [::1]:443: connect: connection refused'],
  [{ code: 'ENOTFOUND' }, 'dial tcp: lookup git.example: no such host'],
  [{ code: 'UND_ERR_CONNECT_TIMEOUT' }, 'dial tcp git.example:443: i/o timeout'],
  [{ code: 'UND_ERR_SOCKET' }, 'EOF'],
  [
    { code: 'CERT_HAS_EXPIRED' },
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  ],
  [{ code: 'EOTHER' }, 'words'],
] as const) {
  test(`a failure ${error.code} is told as "${want}"`, () => {
    const described = describeFailure(Object.assign(new Error('words'), error), 'Get "x"', target, live);
    assert.ok(described instanceof Error);
    assert.equal(described.message, `Get "x": ${want}`);
  });
}

test('a failure on several addresses is told by the first', () => {
  const first = Object.assign(new Error('a'), { code: 'ECONNREFUSED', address: '10.0.0.1', port: 80 });
  const described = describeFailure(new AggregateError([first, new Error('b')]), 'Get "x"', target, live);
  assert.ok(described instanceof Error);
  assert.equal(described.message, 'Get "x": dial tcp 10.0.0.1:80: connect: connection refused');
});

test('an abort that is no deadline is passed on as it is', () => {
  const reason = new Error('shutdown');
  assert.equal(describeFailure(new Error('x'), 'Get "x"', target, AbortSignal.abort(reason)), reason);
});

async function* pieces(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part, 'latin1');
}

test('packets are put together from pieces of any size', async () => {
  const reader = new PacketReader(pieces('00', '09hel', 'lo0000', '0001', '0002'));
  const read = [
    await reader.next(),
    await reader.next(),
    await reader.next(),
    await reader.next(),
    await reader.next(),
  ];
  assert.deepEqual(read.map(String), ['hello', 'flush', 'delimiter', 'end', 'undefined']);
  assert.equal(encodePacket('ü\n').toString('latin1').slice(0, 4), '0007');
});

for (const text of ['00', '0009he', 'zzzz', '0003']) {
  test(`the packet ${JSON.stringify(text)} is refused`, async () => {
    await assert.rejects(new PacketReader(pieces(text)).next(), { code: 'protocol' });
  });
}
