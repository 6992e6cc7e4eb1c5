import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Event } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import { type DeliverySettings, ProviderConfigError } from './notifier.ts';
import { error, info, requestsOf } from './record-requests.ts';

const address = 'https://example.com/hook';
const message = info.message;
const obj = 'kustomization/web.apps';
const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const slackFields = [
  { title: 'revision', value: 'main@sha1:abc', short: false },
  { title: 'env', value: 'prod', short: false },
  { title: 'summary', value: 'Production', short: false },
];
const custom = { message, metadata: info.metadata };

interface Case {
  readonly type: string;
  readonly name: string;
  readonly settings?: Partial<DeliverySettings>;
  readonly event?: Event;
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text as it is. */
  readonly body: unknown;
}

const cases: readonly Case[] = [
  {
    type: 'rocket',
    name: "Slack's message in its own colours",
    settings: { channel: 'ops', username: 'bot' },
    body: {
      channel: 'ops',
      username: 'bot',
      icon_url: '',
      icon_emoji: '',
      attachments: [{ color: '#0076D7', author_name: obj, text: message, mrkdwn_in: ['text'], fields: slackFields }],
    },
  },
  {
    type: 'googlechat',
    name: 'a card whose text is escaped, red for an error',
    event: { ...error, message: 'a <b> & c', metadata: {} },
    body: {
      cards: [
        {
          header: { title: obj, subtitle: 'kustomize-controller' },
          sections: [{ widgets: [{ textParagraph: { text: '<font color="#ff0000">a &lt;b&gt; &amp; c</font>' } }] }],
        },
      ],
    },
  },
  {
    type: 'googlechat',
    name: 'the metadata as widgets',
    event: { ...info, message: 'm', metadata: { b: '2', a: '1' } },
    body: {
      cards: [
        {
          header: { title: obj, subtitle: 'kustomize-controller' },
          sections: [
            { widgets: [{ textParagraph: { text: 'm' } }] },
            {
              widgets: [{ keyValue: { topLabel: 'a', content: '1' } }, { keyValue: { topLabel: 'b', content: '2' } }],
            },
          ],
        },
      ],
    },
  },
  {
    type: 'webex',
    name: 'Markdown to a room',
    settings: { channel: 'room', token: 't' },
    event: { ...error, metadata: { env: 'prod' } },
    headers: { Authorization: 'Bearer t' },
    body: { roomId: 'room', markdown: `💣 **${obj}**\nno\n>**env**: prod\n` },
  },
  {
    type: 'telegram',
    name: 'escaped Markdown to a thread, wherever the address points',
    settings: { channel: '-100:7', token: '1:t', address: 'https://elsewhere.example' },
    event: { ...info, message: 'a_b (c) 1.2!', metadata: { env: 'a-b' } },
    url: 'https://api.telegram.org/bot1:t/sendMessage',
    body: {
      chat_id: '-100',
      message_thread_id: 7,
      text: '💫 *kustomization/web\\.apps*\na\\_b \\(c\\) 1\\.2\\!\n\\- *env*: a\\-b',
      parse_mode: 'MarkdownV2',
    },
  },
  {
    type: 'telegram',
    name: 'a text that is cut to what the API takes',
    settings: { channel: '@flux', token: 't' },
    event: { ...error, message: 'x'.repeat(5000), metadata: {} },
    url: 'https://api.telegram.org/bott/sendMessage',
    body: {
      chat_id: '@flux',
      text: `🚨 *kustomization/web\\.apps*\n${'x'.repeat(4065)}…`,
      parse_mode: 'MarkdownV2',
    },
  },
  {
    type: 'lark',
    name: 'an interactive card',
    event: { ...error, metadata: { env: 'prod' } },
    body: {
      msg_type: 'interactive',
      card: {
        config: { wide_screen_mode: true },
        header: { title: { tag: 'plain_text', content: `🚨 ${obj}` }, template: 'red' },
        elements: [{ tag: 'div', text: { tag: 'lark_md', content: '**no**\n\nenv: prod\n' } }],
      },
    },
  },
  {
    type: 'matrix',
    name: 'a text message under a transaction of its own',
    settings: { address: 'https://matrix.example/base/', channel: '!r:example.org', token: 't' },
    event: { ...info, message: 'm', metadata: { env: 'prod' } },
    method: 'PUT',
    url: `https://matrix.example/base/_matrix/client/r0/rooms/!r%3Aexample.org/send/m.room.message/${createHash('sha1')
      .update(encodeEvent({ ...info, message: 'm', metadata: { env: 'prod' } }))
      .digest('hex')}`,
    headers: { Authorization: 'Bearer t' },
    body: { body: `💫 ${obj}\nm\n- env: prod`, msgtype: 'm.text' },
  },
  {
    type: 'opsgenie',
    name: 'an alert with an alias of object and reason',
    settings: { token: 't' },
    headers: { Authorization: 'GenieKey t' },
    body: {
      message: 'Kustomization/web',
      alias: sha256('u/Kustomization/apps/web/ReconciliationSucceeded'),
      description: message,
      details: { ...info.metadata, severity: 'info' },
    },
  },
  {
    type: 'alertmanager',
    name: 'a firing alert, the summary as annotation',
    settings: { username: 'u', password: 'p' },
    event: { ...info, metadata: { env: 'prod', name: 'mine', summary: 's' } },
    headers: { Authorization: basic },
    body: [
      {
        status: 'firing',
        labels: {
          env: 'prod',
          alertname: 'FluxKustomizationReconciliationSucceeded',
          severity: 'info',
          reason: 'ReconciliationSucceeded',
          kind: 'Kustomization',
          name: 'web',
          namespace: 'apps',
          reportingcontroller: 'kustomize-controller',
        },
        annotations: { message, summary: 's' },
        startsAt: '2026-11-21T02:27:31Z',
        endsAt: '0001-01-01T00:00:00Z',
      },
    ],
  },
  {
    type: 'grafana',
    name: 'an annotation, a token before basic credentials',
    settings: { token: 't', username: 'u', password: 'p' },
    headers: { Authorization: 'Bearer t' },
    body: {
      when: 1795228051,
      text: obj,
      tags: [
        'flux',
        'kustomize-controller',
        'env: prod',
        'revision: main@sha1|abc',
        'summary: Production',
        'kind: Kustomization',
        'name: web',
        'namespace: apps',
      ],
    },
  },
  {
    type: 'datadog',
    name: 'an event with lower-case tags',
    settings: { address: 'https://api.datadoghq.eu/ignored', token: 't' },
    event: { ...error, metadata: { Env: 'Prod' } },
    url: 'https://api.datadoghq.eu/api/v1/events',
    headers: { 'DD-API-KEY': 't' },
    body: {
      title: obj,
      text: 'no',
      tags: [
        'flux_reporting_controller:kustomize-controller',
        'flux_reason:healthcheckfailed',
        'kube_kind:kustomization',
        'kube_name:web',
        'kube_namespace:apps',
        'env:prod',
      ],
      source_type_name: 'fluxcd',
      date_happened: 1795228051,
      alert_type: 'error',
    },
  },
  {
    type: 'zulip',
    name: 'a form',
    settings: { address: 'https://org.zulipchat.com/', channel: 'ops/deploys/all', username: 'u', password: 'p' },
    event: { ...info, message: 'm', metadata: { b: '2', a: '1' } },
    url: 'https://org.zulipchat.com/api/v1/messages',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: basic },
    body: new URLSearchParams({
      type: 'stream',
      to: 'ops',
      topic: 'deploys/all',
      content: '## Flux Status\n\nℹ️ Kustomization/apps/web\n\nm\n\nMetadata:\n* `a`: 1\n* `b`: 2\n',
    }).toString(),
  },
  {
    type: 'zoom',
    name: 'a full message, the token as it is',
    settings: { token: 't' },
    event: { ...error, metadata: { env: 'prod' } },
    url: `${address}?format=full`,
    headers: { Authorization: 't' },
    body: {
      content: {
        head: { text: obj, sub_head: { text: 'error' } },
        body: [
          { type: 'message', text: 'no' },
          { type: 'fields', items: [{ key: 'env', value: 'prod' }] },
        ],
      },
    },
  },
  {
    type: 'zoom',
    name: 'the format that the address names',
    settings: { address: `${address}?format=fields`, token: 't' },
    event: { ...info, metadata: {} },
    url: `${address}?format=fields`,
    headers: { Authorization: 't' },
    body: {
      content: { head: { text: obj, sub_head: { text: 'info' } }, body: [{ type: 'message', text: message }] },
    },
  },
  {
    type: 'incident.io',
    name: 'an alert that is resolved by anything but an error',
    settings: { token: 't' },
    headers: { Authorization: 'Bearer t' },
    body: {
      title: obj,
      status: 'resolved',
      deduplication_key: 'u',
      description: message,
      metadata: { ...info.metadata, severity: 'info', reason: 'ReconciliationSucceeded' },
    },
  },
  {
    type: 'pagerduty',
    name: 'an incident for an error',
    settings: { address: 'https://events.pagerduty.com/x', channel: 'key' },
    event: { ...error, metadata: { env: 'prod' } },
    url: 'https://events.pagerduty.com/v2/enqueue',
    body: {
      routing_key: 'key',
      dedup_key: 'u',
      event_action: 'trigger',
      payload: {
        summary: 'health check failed: kustomization/web',
        source: 'Flux kustomize-controller',
        severity: 'error',
        timestamp: '2026-11-21T02:27:31Z',
        component: 'web',
        group: 'Kustomization',
        custom_details: { message: 'no', metadata: { env: 'prod' } },
      },
    },
  },
];

for (const { type, name, settings = {}, event = info, url = address, method = 'POST', headers = {}, body } of cases) {
  test(`${type}: ${name}`, async () => {
    const requests = await requestsOf(type, settings, event);
    assert.equal(requests.length, 1);
    const [request] = requests;
    assert.ok(request);
    assert.equal(request.url, url);
    assert.equal(request.method, method);
    assert.deepEqual(request.headers, { 'Content-Type': 'application/json', ...headers });
    assert.deepEqual(typeof body === 'string' ? request.body : JSON.parse(request.body), body);
  });
}

test('pagerduty: a success resolves the incident and is a change', async () => {
  const requests = await requestsOf('pagerduty', { address: 'https://events.pagerduty.com', channel: 'key' }, info);
  assert.deepEqual(
    requests.map(({ url, body }) => [new URL(url).pathname, JSON.parse(body)]),
    [
      ['/v2/enqueue', { routing_key: 'key', dedup_key: 'u', event_action: 'resolve' }],
      [
        '/v2/change/enqueue',
        {
          routing_key: 'key',
          payload: {
            summary: 'reconciliation succeeded: kustomization/web',
            source: 'Flux kustomize-controller',
            timestamp: '2026-11-21T02:27:31Z',
            custom_details: custom,
          },
        },
      ],
    ],
  );
});

for (const [type, settings] of [
  ['pagerduty', { channel: 'key' }],
  ['incident.io', { token: 't' }],
] as const) {
  test(`${type}: Progressing is neither an incident nor its end`, async () => {
    assert.deepEqual(await requestsOf(type, settings, { ...info, reason: 'Progressing' }), []);
  });
}

for (const [answer, fails] of [
  ['{"code":0,"msg":"success"}', false],
  ['{"StatusCode":0}', false],
  ['', false],
  ['{"code":19021,"msg":"sign match fail"}', true],
] as const) {
  test(`lark: the answer ${answer || 'of nothing'} is ${fails ? 'a failure' : 'a success'}`, async () => {
    const sending = requestsOf('lark', {}, info, () => answer);
    if (fails) await assert.rejects(sending, /code 19021: sign match fail/);
    else await sending;
  });
}

for (const [type, settings] of [
  ['rocket', { channel: 'ops' }],
  ['rocket', { username: 'bot' }],
  ['googlechat', { address: 'chat' }],
  ['webex', { channel: 'room' }],
  ['webex', { token: 't' }],
  ['telegram', { channel: '1' }],
  ['telegram', { token: 't' }],
  ['telegram', { token: 't', channel: '1:x' }],
  ['telegram', { token: 't', channel: '1:2:3' }],
  ['lark', { address: '' }],
  ['matrix', { channel: 'room' }],
  ['matrix', { token: 't' }],
  ['opsgenie', {}],
  ['alertmanager', { address: '' }],
  ['grafana', { address: 'x' }],
  ['pagerduty', {}],
  ['datadog', {}],
  ['zulip', { channel: 'ops/x' }],
  ['zulip', { channel: 'ops', username: 'u', password: 'p' }],
  ['zoom', {}],
  ['incident.io', {}],
] as const) {
  test(`${type} refuses ${JSON.stringify(settings)}`, async () => {
    await assert.rejects(requestsOf(type, settings, info), ProviderConfigError);
  });
}
