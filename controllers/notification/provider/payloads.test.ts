import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { Event } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import { type DeliverySettings, ProviderConfigError } from './notifier.ts';
import { error, info, requestsOf, type Sent } from './record-requests.ts';

/** What a type sends for an event. */
async function sent(type: string, settings: Partial<DeliverySettings>, event: Event, answer = ''): Promise<Sent> {
  const [call] = await requestsOf(type, settings, event, () => answer);
  assert.ok(call);
  return call;
}

test('generic: the event, with the name of its controller and the headers of the Secret, without the token', async () => {
  const call = await sent('generic', { token: 'tok', headers: { Authorization: 'Bearer x' } }, info);
  assert.equal(call.method, 'POST');
  assert.deepEqual(call.headers, {
    'Content-Type': 'application/json',
    'gotk-component': 'kustomize-controller',
    Authorization: 'Bearer x',
  });
  assert.equal(call.body, encodeEvent(info));
  assert.match(call.body, /"metadata":\{"env":"prod","revision":"main@sha1:abc","summary":"Production"\}/);
});

test('generic-hmac: signed with the bytes of the token', async () => {
  const tokenBytes = Buffer.from([0xff, 0x00, 0x80]);
  const call = await sent('generic-hmac', { tokenBytes, headers: { 'X-Signature': 'mine' } }, info);
  const wanted = createHmac('sha256', tokenBytes).update(encodeEvent(info)).digest('hex');
  assert.equal(call.headers['X-Signature'], `sha256=${wanted}`);
});

test('slack: the shape of an incoming webhook', async () => {
  const call = await sent('slack', { channel: 'ops' }, info);
  assert.equal(
    call.body,
    JSON.stringify({
      channel: 'ops',
      username: 'kustomize-controller',
      icon_url: '',
      icon_emoji: '',
      attachments: [
        {
          fallback: 'kustomization/web.apps: Deployment/apps/web configured',
          color: 'good',
          author_name: 'kustomization/web.apps',
          text: info.message,
          mrkdwn_in: ['text'],
          fields: [
            { title: 'revision', value: 'main@sha1:abc', short: false },
            { title: 'env', value: 'prod', short: false },
            { title: 'summary', value: 'Production', short: false },
          ],
        },
      ],
    }),
  );
  assert.equal(call.headers['Authorization'], undefined);
});

test('slack: an error is red, a username and a token are used', async () => {
  const call = await sent('slack', { username: 'bot', token: 'xoxb' }, error);
  const body: unknown = JSON.parse(call.body);
  assert.match(JSON.stringify(body), /"username":"bot".*"color":"danger"/);
  assert.equal(call.headers['Authorization'], 'Bearer xoxb');
});

const slackApi = 'https://slack.com/api/chat.postMessage';
for (const c of [
  { name: 'ok', body: '{"ok":true}', fails: undefined },
  { name: 'a refusal', body: '{"ok":false,"error":"channel_not_found"}', fails: /channel_not_found/ },
  { name: 'no JSON', body: 'ok', fails: /not JSON/ },
]) {
  test(`slack: the Web API that answers 200 with ${c.name} ${c.fails ? 'fails' : 'succeeds'}`, async () => {
    const sending = sent('slack', { address: slackApi }, info, c.body);
    if (c.fails === undefined) await sending;
    else await assert.rejects(sending, c.fails);
  });
}

for (const c of [
  { address: 'https://discord.com/api/webhooks/1/t', want: 'https://discord.com/api/webhooks/1/t/slack' },
  { address: 'https://discord.com/api/webhooks/1/t/', want: 'https://discord.com/api/webhooks/1/t/slack' },
  { address: 'https://discord.com/api/webhooks/1/t/slack', want: 'https://discord.com/api/webhooks/1/t/slack' },
  { address: 'https://discord.com/api/w/1/t?wait=true', want: 'https://discord.com/api/w/1/t/slack?wait=true' },
]) {
  test(`discord: ${c.address} is called as ${c.want}`, async () => {
    const call = await sent('discord', { address: c.address, channel: 'ops' }, info);
    assert.equal(call.url, c.want);
    assert.doesNotMatch(call.body, /"channel"|"fallback"/);
  });
}

test('msteams: a MessageCard for a connector', async () => {
  const call = await sent('msteams', { address: 'https://x.webhook.office.com/1' }, error);
  assert.deepEqual(JSON.parse(call.body), {
    '@type': 'MessageCard',
    '@context': 'http://schema.org/extensions',
    themeColor: 'FF0000',
    summary: 'kustomization/web.apps',
    sections: [
      {
        activityTitle: 'no',
        activitySubtitle: 'kustomization/web.apps',
        facts: [
          { name: 'summary', value: 'Production' },
          { name: 'env', value: 'prod' },
          { name: 'revision', value: 'main@sha1:abc' },
        ],
      },
    ],
  });
});

test('msteams: an Adaptive Card for anything else, summary first', async () => {
  const call = await sent('msteams', { address: 'https://x.logic.azure.com/1' }, error);
  const { type, attachments } = JSON.parse(call.body);
  assert.equal(type, 'message');
  const [{ contentType, content }] = attachments;
  assert.equal(contentType, 'application/vnd.microsoft.card.adaptive');
  assert.equal(content.version, '1.4');
  assert.deepEqual(
    content.body.map((item: { color?: string; facts?: { title: string }[] }) => [
      item.color,
      item.facts?.map(({ title }) => title),
    ]),
    [
      [undefined, undefined],
      ['attention', undefined],
      [undefined, ['summary', 'env', 'revision']],
    ],
  );
});

for (const c of [
  { type: 'generic', settings: { address: '' } },
  { type: 'generic', settings: { address: 'ftp://example.com' } },
  { type: 'generic-hmac', settings: {} },
  { type: 'slack', settings: { address: 'hooks.slack.com/x' } },
  { type: 'github', settings: { address: 'https://github.com/o/r' } },
  { type: 'github', settings: { address: 'https://github.com/o', token: 't' } },
  { type: 'github', settings: { address: 'https://github.com/o/r/x', token: 't' } },
  { type: 'gitlab', settings: { address: 'https://gitlab.com/g/p' } },
]) {
  test(`${c.type} refuses ${JSON.stringify(c.settings)}`, async () => {
    await assert.rejects(sent(c.type, c.settings, info), ProviderConfigError);
  });
}
