import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from './environment-proxy.ts';

const proxies = { HTTPS_PROXY: 'http://secure:3128', http_proxy: 'plain:3128' };
for (const c of [
  { target: 'https://example.com/x', except: '', want: 'http://secure:3128' },
  { target: 'http://example.com/x', except: '', want: 'http://plain:3128' },
  { target: 'https://localhost/x', except: '', want: undefined },
  { target: 'https://127.1.2.3/x', except: '', want: undefined },
  { target: 'https://[::1]/x', except: '', want: undefined },
  { target: 'https://example.com/x', except: '*', want: undefined },
  { target: 'https://example.com/x', except: 'other, example.com', want: undefined },
  { target: 'https://a.example.com/x', except: 'example.com', want: undefined },
  { target: 'https://a.example.com/x', except: '.example.com', want: undefined },
  { target: 'https://example.com/x', except: '.example.com', want: 'http://secure:3128' },
  { target: 'https://badexample.com/x', except: 'example.com', want: 'http://secure:3128' },
  { target: 'https://example.com/x', except: 'example.com:8443', want: 'http://secure:3128' },
  { target: 'https://example.com:8443/x', except: 'example.com:8443', want: undefined },
  { target: 'https://10.1.2.3/x', except: '10.0.0.0/8', want: undefined },
  { target: 'https://11.1.2.3/x', except: '10.0.0.0/8', want: 'http://secure:3128' },
  { target: 'https://10.1.2.3/x', except: '10.1.2.3', want: undefined },
  { target: 'https://[fd00::1]/x', except: 'fd00::/8', want: undefined },
  { target: 'https://[fd00::1]/x', except: 'fd00::1', want: undefined },
  { target: 'https://10.1.2.3/x', except: '10.0.0.0/99', want: 'http://secure:3128' },
]) {
  test(`${c.target} with NO_PROXY "${c.except}" goes ${c.want === undefined ? 'straight' : `through ${c.want}`}`, () => {
    assert.equal(proxyFor(new URL(c.target), { ...proxies, NO_PROXY: c.except }), c.want);
  });
}

test('without the variables there is no proxy', () => {
  assert.equal(proxyFor(new URL('https://example.com'), {}), undefined);
});
