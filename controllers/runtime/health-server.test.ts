import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from './health-server.ts';

for (const [address, host, port] of [
  [':9440', undefined, 9440],
  ['127.0.0.1:0', '127.0.0.1', 0],
  ['localhost:80', 'localhost', 80],
  ['[::1]:8080', '::1', 8080],
] as const) {
  test(`parseAddress reads ${address}`, () => assert.deepEqual(parseAddress(address), { host, port }));
}

for (const address of ['9440', ':http', ':70000', '::1:80', 'http://x:80', '']) {
  test(`parseAddress refuses "${address}"`, () =>
    assert.throws(() => parseAddress(address), /expected host:port or :port/));
}
