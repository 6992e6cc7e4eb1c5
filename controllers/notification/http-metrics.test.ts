import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { httpMeter } from './http-metrics.ts';

function request(url: string): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { method: 'POST', url });
}

test('a request counts under its handler, method and code', async () => {
  const registry = new Registry();
  const meter = httpMeter({ prefix: 'gotk_event', handler: '/', exportPath: false }, registry);
  const done = meter.begin(request('/any/path?x=1'));
  assert.match(await registry.metrics(), /^gotk_event_http_requests_inflight\{handler="\/"\} 1$/m);
  done(429, 18);
  const text = await registry.metrics();
  assert.match(text, /^gotk_event_http_requests_inflight\{handler="\/"\} 0$/m);
  assert.match(text, /^gotk_event_http_request_duration_seconds_count\{handler="\/",method="POST",code="429"\} 1$/m);
  assert.match(text, /^gotk_event_http_response_size_bytes_sum\{handler="\/",method="POST",code="429"\} 18$/m);
});

test('with exported paths the label is the path without its query, up to a bound', async () => {
  const registry = new Registry();
  const meter = httpMeter({ prefix: 'gotk_receiver', handler: '/hook/', exportPath: true }, registry);
  for (let i = 0; i < 1500; i++) meter.begin(request(`/hook/${i}?x=1`))(404, 0);
  const text = await registry.metrics();
  assert.match(text, /duration_seconds_count\{handler="\/hook\/7",method="POST",code="404"\} 1$/m);
  assert.match(text, /duration_seconds_count\{handler="\/hook\/",method="POST",code="404"\} 500$/m);
});
