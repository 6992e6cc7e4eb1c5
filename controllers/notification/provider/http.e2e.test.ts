import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Connections } from './connections.ts';
import { httpClient } from './http.ts';

test('a redirect to another host carries no token, whatever its header is called', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers);
    response.end('ok');
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  const first = createServer((request, response) => {
    seen.push(request.headers);
    response.writeHead(307, { location: elsewhere }).end();
  });
  await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
  const connections = new Connections({});
  try {
    await using http = httpClient({}, connections, (text) => text);
    await http.send(`http://127.0.0.1:${(first.address() as AddressInfo).port}/`, {
      method: 'POST',
      headers: { 'PRIVATE-TOKEN': 'secret', Authorization: 'Bearer secret', 'Content-Type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(10_000),
    });
    assert.equal(seen[0]?.['private-token'], 'secret');
    assert.equal(seen[1]?.['private-token'], undefined);
    assert.equal(seen[1]?.authorization, undefined);
    assert.equal(seen[1]?.['content-type'], 'application/json');
  } finally {
    first.close();
    other.close();
  }
});
