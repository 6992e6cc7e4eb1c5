import { createHash, createHmac, generateKeyPairSync, verify } from 'node:crypto';
import type { CallFromOutside, Reply } from './internet.ts';

/** One type of Provider with the service that it speaks to. */
export interface Service {
  readonly type: string;
  readonly spec: object;
  readonly secret?: Readonly<Record<string, string>>;
  /** Credentials that the service does not know; absent where the address is the secret. */
  readonly wrong?: Readonly<Record<string, string>>;
  /** Answers as the service does, after its documentation. What it throws is a fault in the request. */
  readonly answer: (call: CallFromOutside) => Reply;
  /** A call that stands for an accepted notification. */
  readonly isDelivery: (call: CallFromOutside) => boolean;
}

export const commit: string = 'a'.repeat(40);
const ok = (body: unknown = {}): Reply => ({ status: 200, body: JSON.stringify(body) });
const fault = (status: number, message: string): Reply => ({ status, body: JSON.stringify({ message }) });

/** What came: the checks find out what it is. */
type Json = ReturnType<typeof JSON.parse>;

function json(call: CallFromOutside): Json {
  must(String(call.headers['content-type']).startsWith('application/json'), 'a JSON content type');
  return JSON.parse(call.body);
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected ${what}`);
}

function isText(value: unknown, longest = 1_000_000): boolean {
  return typeof value === 'string' && value !== '' && value.length <= longest;
}

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
const posts = ({ method }: CallFromOutside): boolean => method === 'POST';

/** A service with one address that takes posts with one header of credentials. */
function simple(fields: {
  readonly type: string;
  readonly url: string;
  readonly spec?: object;
  readonly secret?: Readonly<Record<string, string>>;
  readonly wrong?: Readonly<Record<string, string>>;
  readonly header?: readonly [string, string];
  readonly path?: string;
  readonly check: (body: Json, call: CallFromOutside) => void;
  readonly reply?: Reply;
}): Service {
  const { type, url, spec = {}, secret, wrong, header, check, reply = ok() } = fields;
  const path = fields.path ?? new URL(url).pathname;
  return {
    type,
    spec: { address: url, ...spec },
    ...(secret && { secret }),
    ...(wrong && { wrong }),
    answer(call) {
      if (call.url.pathname !== path || call.method !== 'POST')
        return fault(404, `no ${call.method} ${call.url.pathname}`);
      if (header !== undefined && call.headers[header[0]] !== header[1]) return fault(401, 'unauthorized');
      check(json(call), call);
      return reply;
    },
    isDelivery: posts,
  };
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const serviceAccount = (email: string): string =>
  JSON.stringify({
    type: 'service_account',
    client_email: email,
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: 'https://oauth2.googleapis.com/token',
  });

const chats: readonly Service[] = [
  simple({
    type: 'rocket',
    url: 'https://rocket.example/hooks/a/b',
    spec: { channel: 'ops', username: 'flux' },
    check({ channel, username, attachments }) {
      must(channel === 'ops' && username === 'flux', 'channel and username');
      must(
        attachments.length === 1 && isText(attachments[0].text) && /^#[0-9A-F]{6}$/.test(attachments[0].color),
        'text',
      );
    },
    reply: ok({ success: true }),
  }),
  simple({
    type: 'googlechat',
    url: 'https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t',
    check({ cards: [{ header, sections }] }, { url }) {
      must(url.search === '?key=k&token=t', 'the key of the webhook');
      must(isText(header.title), 'a title');
      for (const { widgets } of sections)
        for (const widget of widgets)
          must(isText(widget.textParagraph?.text) || isText(widget.keyValue?.content), 'a widget of version 1');
    },
  }),
  simple({
    type: 'webex',
    url: 'https://webexapis.com/v1/messages',
    spec: { channel: 'room' },
    secret: { token: 'webex-token' },
    wrong: { token: 'webex-wrong' },
    header: ['authorization', 'Bearer webex-token'],
    check: ({ roomId, markdown }) => must(roomId === 'room' && isText(markdown, 7439), 'roomId and markdown'),
  }),
  {
    type: 'telegram',
    spec: { channel: '-100:7' },
    secret: { token: '1:telegram-token' },
    wrong: { token: '1:telegram-wrong' },
    answer(call) {
      if (call.url.pathname !== '/bot1:telegram-token/sendMessage') return fault(401, 'Unauthorized');
      const { chat_id, message_thread_id, text, parse_mode } = json(call);
      must(chat_id === '-100' && message_thread_id === 7 && parse_mode === 'MarkdownV2', 'a chat and a mode');
      const bare = String(text)
        .replaceAll(/\\[_*[\]()~`>#+\-=|{}.!\\]/g, '')
        .replaceAll(/\*[^*\n]*\*/g, '');
      must(!/[_*[\]()~`>#+\-=|{}.!\\]/.test(bare), `escaped text, is ${text}`);
      return ok({ ok: true, result: {} });
    },
    isDelivery: posts,
  },
  simple({
    type: 'lark',
    url: 'https://open.larksuite.com/open-apis/bot/v2/hook/x',
    check({ msg_type, card }) {
      must(msg_type === 'interactive' && isText(card.header.title.content), 'a card');
      must(
        card.elements.every(({ tag }: { tag: string }) => tag === 'div'),
        'elements',
      );
    },
    reply: ok({ code: 0, msg: 'success' }),
  }),
  {
    type: 'matrix',
    spec: { address: 'https://matrix.example', channel: '!room:matrix.example' },
    secret: { token: 'matrix-token' },
    wrong: { token: 'matrix-wrong' },
    answer(call) {
      const path = /^\/_matrix\/client\/r0\/rooms\/!room(:|%3A)matrix\.example\/send\/m\.room\.message\/[0-9a-f]{40}$/;
      if (call.method !== 'PUT' || !path.test(call.url.pathname)) return fault(404, 'M_UNRECOGNIZED');
      if (call.headers.authorization !== 'Bearer matrix-token') return fault(401, 'M_UNKNOWN_TOKEN');
      const { body, msgtype } = json(call);
      must(msgtype === 'm.text' && isText(body), 'a text message');
      return ok({ event_id: '$1' });
    },
    isDelivery: ({ method }) => method === 'PUT',
  },
  {
    type: 'zulip',
    spec: { address: 'https://org.zulipchat.com', channel: 'ops/deploys' },
    secret: { username: 'bot@org', password: 'zulip-key' },
    wrong: { username: 'bot@org', password: 'zulip-wrong' },
    answer(call) {
      if (call.url.pathname !== '/api/v1/messages') return fault(404, 'not found');
      if (call.headers.authorization !== basic('bot@org:zulip-key')) return fault(401, 'Invalid API key');
      must(call.headers['content-type'] === 'application/x-www-form-urlencoded', 'a form');
      const form = new URLSearchParams(call.body);
      must(form.get('type') === 'stream' && form.get('to') === 'ops' && form.get('topic') === 'deploys', 'a topic');
      must(isText(form.get('content'), 10_000), 'a content');
      return ok({ result: 'success', id: 1 });
    },
    isDelivery: posts,
  },
  simple({
    type: 'zoom',
    url: 'https://integrations.zoom.us/chat/webhooks/incomingwebhook/x',
    secret: { token: 'zoom-token' },
    wrong: { token: 'zoom-wrong' },
    header: ['authorization', 'zoom-token'],
    check({ content: { head, body } }, { url }) {
      must(url.searchParams.get('format') === 'full', 'format=full');
      must(isText(head.text) && isText(head.sub_head.text), 'a head');
      must(
        body.every(({ type }: { type: string }) => type === 'message' || type === 'fields'),
        'a body',
      );
    },
  }),
];

const pagers: readonly Service[] = [
  simple({
    type: 'opsgenie',
    url: 'https://api.opsgenie.com/v2/alerts',
    secret: { token: 'opsgenie-token' },
    wrong: { token: 'opsgenie-wrong' },
    header: ['authorization', 'GenieKey opsgenie-token'],
    check({ message, alias, description, details }) {
      must(isText(message, 130) && isText(alias, 512) && isText(description, 15_000), 'message, alias, description');
      must(
        Object.values(details).every((value) => typeof value === 'string'),
        'details that are texts',
      );
    },
    reply: { status: 202, body: '{"result":"Request will be processed"}' },
  }),
  {
    ...simple({
      type: 'alertmanager',
      url: 'https://alertmanager.example/api/v2/alerts/',
      secret: { username: 'am', password: 'alertmanager-password' },
      wrong: { username: 'am', password: 'alertmanager-wrong' },
      header: ['authorization', basic('am:alertmanager-password')],
      check([{ labels, annotations, startsAt }]) {
        must(isText(labels.alertname), 'an alertname');
        must(
          Object.keys(labels).every((name) => /^[a-zA-Z_]\w*$/.test(name)),
          'names of labels',
        );
        must(isText(annotations.message) && !Number.isNaN(Date.parse(startsAt)), 'a message and a start');
      },
    }),
  },
  simple({
    type: 'grafana',
    url: 'https://grafana.example/api/annotations',
    secret: { token: 'grafana-token' },
    wrong: { token: 'grafana-wrong' },
    header: ['authorization', 'Bearer grafana-token'],
    check: ({ text, tags, when }) =>
      must(isText(text) && tags.includes('flux') && Number.isInteger(when), 'an annotation'),
    reply: ok({ message: 'Annotation added', id: 1 }),
  }),
  {
    type: 'pagerduty',
    spec: { address: 'https://events.pagerduty.com', channel: 'R'.repeat(32) },
    answer(call) {
      const { routing_key, event_action, dedup_key, payload } = json(call);
      if (routing_key !== 'R'.repeat(32)) return fault(400, 'Invalid routing key');
      if (call.url.pathname === '/v2/change/enqueue')
        must(isText(payload.summary, 1024) && isText(payload.timestamp), 'a change');
      else {
        must(call.url.pathname === '/v2/enqueue', 'the path of the Events API');
        must(isText(dedup_key, 255) && ['trigger', 'resolve'].includes(event_action), 'an action');
        if (event_action === 'trigger') {
          must(isText(payload.summary, 1024) && isText(payload.source), 'summary and source');
          must(['critical', 'error', 'warning', 'info'].includes(payload.severity), 'a severity');
        }
      }
      return { status: 202, body: '{"status":"success"}' };
    },
    isDelivery: posts,
  },
  simple({
    type: 'datadog',
    url: 'https://api.datadoghq.com',
    path: '/api/v1/events',
    secret: { token: 'datadog-key' },
    wrong: { token: 'datadog-wrong' },
    header: ['dd-api-key', 'datadog-key'],
    check({ title, text, alert_type, tags }) {
      must(isText(title) && isText(text) && ['error', 'info'].includes(alert_type), 'an event');
      must(
        tags.every((tag: string) => tag === tag.toLowerCase()),
        'lower-case tags',
      );
    },
    reply: { status: 202, body: '{"status":"ok"}' },
  }),
  simple({
    type: 'incident.io',
    url: 'https://api.incident.io/v2/alert_events/http/01',
    secret: { token: 'incident-token' },
    wrong: { token: 'incident-wrong' },
    header: ['authorization', 'Bearer incident-token'],
    check({ title, status, deduplication_key }) {
      must(isText(title) && ['firing', 'resolved'].includes(status) && isText(deduplication_key), 'an alert event');
    },
    reply: { status: 202, body: '{"status":"accepted"}' },
  }),
];

/** GitHub refuses what brings no User-Agent. */
function github(answer: (call: CallFromOutside) => Reply): (call: CallFromOutside) => Reply {
  return (call) => {
    if (!isText(call.headers['user-agent'])) return fault(403, 'Request forbidden by administrative rules');
    if (call.headers.authorization !== 'Bearer github-token') return fault(401, 'Bad credentials');
    if (call.url.pathname === '/user') return ok({ login: 'me' });
    return answer(call);
  };
}

const githubAccount = {
  spec: { address: 'https://github.com/o/r' },
  secret: { token: 'github-token' },
  wrong: { token: 'github-wrong' },
};

const gitHosts: readonly Service[] = [
  {
    type: 'githubdispatch',
    ...githubAccount,
    answer: github((call) => {
      if (call.url.pathname !== '/repos/o/r/dispatches') return fault(404, 'Not Found');
      const { event_type, client_payload } = json(call);
      must(isText(event_type, 100) && Object.keys(client_payload).length <= 10, 'a dispatch');
      return { status: 204 };
    }),
    isDelivery: ({ url }) => url.pathname.endsWith('/dispatches'),
  },
  {
    type: 'githubpullrequestcomment',
    ...githubAccount,
    answer: github((call) => {
      if (call.url.pathname !== '/repos/o/r/issues/7/comments') return fault(404, 'Not Found');
      if (call.method === 'GET') return { status: 200, body: '[]' };
      must(isText(json(call)['body'], 65_536), 'a body');
      return { status: 201, body: '{"id":1}' };
    }),
    isDelivery: ({ method, url }) => method === 'POST' && url.pathname.endsWith('/comments'),
  },
  {
    type: 'gitea',
    spec: { address: 'https://gitea.example/o/r.git' },
    secret: { token: 'gitea-token' },
    wrong: { token: 'gitea-wrong' },
    answer(call) {
      if (call.headers.authorization !== 'token gitea-token') return fault(401, 'token is required');
      if (call.url.pathname === '/api/v1/version') return ok({ version: '1.24.0' });
      if (call.url.pathname === `/api/v1/repos/o/r/commits/${commit}/statuses`) return { status: 200, body: '[]' };
      if (call.url.pathname !== `/api/v1/repos/o/r/statuses/${commit}`) return fault(404, 'not found');
      const { state, context } = json(call);
      must(['pending', 'success', 'error', 'failure', 'warning'].includes(state) && isText(context), 'a status');
      return { status: 201, body: '{}' };
    },
    isDelivery: posts,
  },
  {
    type: 'giteapullrequestcomment',
    spec: { address: 'https://forgejo.example/o/r' },
    secret: { token: 'forgejo-token' },
    wrong: { token: 'forgejo-wrong' },
    answer(call) {
      if (call.headers.authorization !== 'token forgejo-token') return fault(401, 'token is required');
      if (call.url.pathname === '/api/v1/user') return ok({ login: 'me' });
      if (call.url.pathname !== '/api/v1/repos/o/r/issues/7/comments') return fault(404, 'not found');
      if (call.method === 'GET') return { status: 200, body: '[]' };
      must(isText(json(call)['body']), 'a body');
      return { status: 201, body: '{"id":1}' };
    },
    isDelivery: posts,
  },
  {
    type: 'gitlabmergerequestcomment',
    spec: { address: 'https://gitlab.com/g/sub/p' },
    secret: { token: 'gitlab-token' },
    wrong: { token: 'gitlab-wrong' },
    answer(call) {
      if (call.headers['private-token'] !== 'gitlab-token') return fault(401, '401 Unauthorized');
      if (call.url.pathname === '/api/v4/user') return ok({ username: 'me' });
      if (call.url.pathname !== '/api/v4/projects/g%2Fsub%2Fp/merge_requests/7/notes') return fault(404, 'Not Found');
      if (call.method === 'GET') return { status: 200, body: '[]' };
      must(isText(json(call)['body'], 1_000_000), 'a body');
      return { status: 201, body: '{"id":1}' };
    },
    isDelivery: posts,
  },
  {
    type: 'bitbucket',
    spec: { address: 'https://bitbucket.org/o/r' },
    secret: { token: 'bb:bitbucket-password' },
    wrong: { token: 'bb:bitbucket-wrong' },
    answer(call) {
      if (call.headers.authorization !== basic('bb:bitbucket-password')) return fault(401, 'unauthorized');
      const build = `/2.0/repositories/o/r/commit/${commit}/statuses/build`;
      if (call.method === 'GET' || call.url.pathname !== build) return fault(404, 'Resource not found');
      const { key, state, url } = json(call);
      must(isText(key, 40) && ['SUCCESSFUL', 'FAILED'].includes(state) && isText(url), 'key, state and url');
      return { status: 201, body: '{}' };
    },
    isDelivery: posts,
  },
  {
    type: 'bitbucketserver',
    spec: { address: 'https://stash.example/scm/p/r.git' },
    secret: { token: 'stash-token' },
    wrong: { token: 'stash-wrong' },
    answer(call) {
      if (call.headers.authorization !== 'Bearer stash-token') return fault(401, 'unauthorized');
      const builds = `/rest/api/latest/projects/p/repos/r/commits/${commit}/builds`;
      if (call.method === 'GET' || call.url.pathname !== builds) return fault(404, 'no build');
      const { key, state, url } = json(call);
      must(isText(key, 255) && ['SUCCESSFUL', 'FAILED'].includes(state) && isText(url, 450), 'key, state and url');
      return { status: 204 };
    },
    isDelivery: posts,
  },
  {
    type: 'azuredevops',
    spec: { address: 'https://dev.azure.com/o/p/_git/r' },
    secret: { token: 'azure-pat' },
    wrong: { token: 'azure-wrong' },
    answer(call) {
      if (call.headers.authorization !== basic(':azure-pat')) return fault(401, 'unauthorized');
      if (call.url.pathname !== `/o/p/_apis/git/repositories/r/commits/${commit}/statuses`)
        return fault(404, 'TF401019');
      must(isText(call.url.searchParams.get('api-version')), 'an api-version');
      if (call.method === 'GET') return ok({ count: 0, value: [] });
      const { state, context } = json(call);
      must(['succeeded', 'error'].includes(state) && isText(context.name) && isText(context.genre), 'a status');
      return { status: 201, body: '{}' };
    },
    isDelivery: posts,
  },
];

const sasKey = 'c2hhcmVkLWtleQ==';
const eventHub = (key: string): string =>
  `Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=${key};EntityPath=hub`;

const pipes: readonly Service[] = [
  {
    type: 'sentry',
    spec: { channel: 'test' },
    secret: { address: 'https://sentry-key@sentry.example/42' },
    wrong: { address: 'https://sentry-wrong@sentry.example/42' },
    answer(call) {
      if (call.url.pathname !== '/api/42/envelope/') return fault(404, 'no such project');
      if (!String(call.headers['x-sentry-auth']).includes('sentry_key=sentry-key')) return fault(401, 'bad sentry_key');
      const [head = '', item = '', payload = ''] = call.body.split('\n');
      const { type, length } = JSON.parse(item);
      must(length === Buffer.byteLength(payload), 'the length of the item');
      const event = JSON.parse(payload);
      must(/^[0-9a-f]{32}$/.test(event.event_id) && event.event_id === JSON.parse(head).event_id, 'an id');
      must(['event', 'transaction'].includes(type) && event.environment === 'test', 'a type and environment');
      return ok({ id: event.event_id });
    },
    isDelivery: posts,
  },
  {
    type: 'azureeventhub',
    spec: {},
    secret: { address: eventHub(sasKey) },
    wrong: { address: eventHub('d3Jvbmcta2V5') },
    answer(call) {
      if (call.url.pathname !== '/hub/messages') return fault(404, 'no such hub');
      const [scheme = '', fields = ''] = String(call.headers.authorization).split(' ');
      const { sr = '', sig, se = '', skn } = Object.fromEntries(new URLSearchParams(fields));
      const wanted = createHmac('sha256', sasKey)
        .update(`${encodeURIComponent(sr)}\n${se}`)
        .digest('base64');
      const isSigned = scheme === 'SharedAccessSignature' && skn === 'send' && sig === wanted;
      if (!isSigned || !`https://${call.url.host}${call.url.pathname}`.startsWith(sr) || Number(se) < Date.now() / 1000)
        return fault(401, 'InvalidSignature');
      must(isText(json(call)['message']), 'an event');
      return { status: 201 };
    },
    isDelivery: posts,
  },
  {
    type: 'googlepubsub',
    spec: { address: 'project', channel: 'topic' },
    secret: { token: serviceAccount('flux@project'), headers: 'team: a' },
    wrong: { token: serviceAccount('other@project') },
    answer(call) {
      if (call.url.pathname === '/token') {
        const assertion = new URLSearchParams(call.body).get('assertion') ?? '';
        const [head = '', claims = '', signature = ''] = assertion.split('.');
        const signed = Buffer.from(`${head}.${claims}`);
        must(verify('RSA-SHA256', signed, publicKey, Buffer.from(signature, 'base64url')), 'a signed assertion');
        const { iss, aud } = JSON.parse(Buffer.from(claims, 'base64url').toString());
        if (iss !== 'flux@project' || aud !== 'https://oauth2.googleapis.com/token') return fault(400, 'invalid_grant');
        return ok({ access_token: 'ya29', expires_in: 3599 });
      }
      if (call.headers.authorization !== 'Bearer ya29') return fault(401, 'UNAUTHENTICATED');
      if (call.url.pathname !== '/v1/projects/project/topics/topic:publish') return fault(404, 'no such topic');
      const [{ data, attributes }] = json(call)['messages'];
      must(isText(JSON.parse(Buffer.from(data, 'base64').toString()).message) && attributes.team === 'a', 'a message');
      return ok({ messageIds: [createHash('sha1').update(data).digest('hex')] });
    },
    isDelivery: ({ url }) => url.pathname.endsWith(':publish'),
  },
  simple({
    type: 'otel',
    url: 'https://collector.example',
    path: '/v1/traces',
    secret: { username: 'otel', password: 'otel-password' },
    wrong: { username: 'otel', password: 'otel-wrong' },
    header: ['authorization', basic('otel:otel-password')],
    check({ resourceSpans: [{ resource, scopeSpans }] }) {
      must(
        resource.attributes.some(({ key }: { key: string }) => key === 'service.name'),
        'a service',
      );
      const [span] = scopeSpans[0].spans;
      must(/^[0-9a-f]{32}$/.test(span.traceId) && /^[0-9a-f]{16}$/.test(span.spanId), 'ids in hex');
      must(/^\d{19}$/.test(span.startTimeUnixNano) && isText(span.name), 'a time and a name');
    },
    reply: ok({ partialSuccess: {} }),
  }),
];

export const services: readonly Service[] = [...chats, ...pagers, ...gitHosts, ...pipes];

/** Which service answers at a host; GitHub's two share one. */
export const hosts: Readonly<Record<string, readonly string[]>> = {
  'rocket.example': ['rocket'],
  'chat.googleapis.com': ['googlechat'],
  'webexapis.com': ['webex'],
  'api.telegram.org': ['telegram'],
  'open.larksuite.com': ['lark'],
  'matrix.example': ['matrix'],
  'org.zulipchat.com': ['zulip'],
  'integrations.zoom.us': ['zoom'],
  'api.opsgenie.com': ['opsgenie'],
  'alertmanager.example': ['alertmanager'],
  'grafana.example': ['grafana'],
  'events.pagerduty.com': ['pagerduty'],
  'api.datadoghq.com': ['datadog'],
  'api.incident.io': ['incident.io'],
  'api.github.com': ['githubdispatch', 'githubpullrequestcomment'],
  'gitea.example': ['gitea'],
  'forgejo.example': ['giteapullrequestcomment'],
  'gitlab.com': ['gitlabmergerequestcomment'],
  'api.bitbucket.org': ['bitbucket'],
  'stash.example': ['bitbucketserver'],
  'dev.azure.com': ['azuredevops'],
  'sentry.example': ['sentry'],
  'ns.servicebus.windows.net': ['azureeventhub'],
  'oauth2.googleapis.com': ['googlepubsub'],
  'pubsub.googleapis.com': ['googlepubsub'],
  'collector.example': ['otel'],
};
