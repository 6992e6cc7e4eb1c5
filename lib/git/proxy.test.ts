import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFromEnvironment, readProxy } from './proxy.ts';

const env = {
  HTTPS_PROXY: 'http://me:pa55@proxy:3128',
  http_proxy: 'plain:80',
  NO_PROXY: 'a.example, .b.example,c:8443',
};

for (const [url, want] of [
  ['https://git.example/x', 'http://proxy:3128/'],
  ['http://git.example/x', 'http://plain/'],
  ['https://a.example/x', undefined],
  ['https://x.a.example/x', undefined],
  ['https://xa.example/x', 'http://proxy:3128/'],
  ['https://b.example/x', 'http://proxy:3128/'],
  ['https://x.b.example/x', undefined],
  ['https://c:8443/x', undefined],
  ['https://c/x', 'http://proxy:3128/'],
  ['https://localhost/x', undefined],
  ['https://127.0.0.1/x', undefined],
  ['https://[::1]/x', undefined],
  ['ssh://git.example/x', undefined],
] as const) {
  test(`the environment has ${want ?? 'no proxy'} for ${url}`, () =>
    assert.equal(proxyFromEnvironment(env, new URL(url))?.address, want));
}

test('a star exempts everything, an empty environment knows no proxy', () => {
  const url = new URL('https://git.example');
  assert.equal(proxyFromEnvironment({ ...env, NO_PROXY: '*' }, url), undefined);
  assert.equal(proxyFromEnvironment({}, url), undefined);
});

test('readProxy takes credentials out of the address; its own win', () => {
  assert.deepEqual(readProxy({ address: 'socks5://me:p%40ss@proxy:1080' }), {
    address: 'socks5://proxy:1080',
    username: 'me',
    password: 'p@ss',
  });
  assert.equal(readProxy({ address: 'http://me:x@proxy', username: 'you', password: 'y' }).username, 'you');
});

for (const address of ['', 'proxy:3128', 'ftp://proxy', 'http://', `http://${'x'.repeat(2048)}`, 'http://s3cr3t:%@x']) {
  test(`readProxy refuses ${address.slice(0, 30)} without quoting it`, () =>
    assert.throws(
      () => readProxy({ address }),
      (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^invalid proxy address/);
        assert.doesNotMatch(error.message, /s3cr3t/);
        return true;
      },
    ));
}
