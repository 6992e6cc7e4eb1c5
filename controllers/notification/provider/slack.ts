import { type Event, isError, objectTitle } from '../event/event.ts';
import { isRecord } from '../json-record.ts';
import {
  type Notifier,
  type NotifierFactory,
  type ProviderSettings,
  postJson,
  required,
  requireUrl,
} from './notifier.ts';

const slackApi = 'https://slack.com/api/chat.postMessage';

interface SlackMessage {
  readonly channel?: string;
  readonly username: string;
  readonly icon_url: string;
  readonly icon_emoji: string;
  readonly attachments: readonly object[];
}

/** How the chats that take Slack's message differ. */
interface Dialect {
  readonly withChannel: boolean;
  readonly withFallback: boolean;
  readonly colors: readonly [good: string, bad: string];
}

const slackDialect: Dialect = { withChannel: true, withFallback: true, colors: ['good', 'danger'] };
const discordDialect: Dialect = { withChannel: false, withFallback: false, colors: ['good', 'danger'] };
const rocketDialect: Dialect = { withChannel: true, withFallback: false, colors: ['#0076D7', '#FF0000'] };

/** The message that Slack's incoming webhooks take. Fields keep the order of the event's metadata. */
function message(settings: ProviderSettings, event: Event, dialect: Dialect): string {
  const { withChannel, withFallback, colors } = dialect;
  const title = objectTitle(event);
  const fields = Object.entries(event.metadata ?? {}).map(([key, value]) => ({ title: key, value, short: false }));
  const attachment = {
    ...(withFallback ? { fallback: `${title}: ${event.message.split('\n')[0]}` } : {}),
    color: colors[isError(event) ? 1 : 0],
    author_name: title,
    text: event.message,
    mrkdwn_in: ['text'],
    fields,
  };
  const whole: SlackMessage = {
    ...(withChannel ? { channel: settings.channel } : {}),
    username: settings.username === '' ? event.reportingController : settings.username,
    icon_url: '',
    icon_emoji: '',
    attachments: [attachment],
  };
  return JSON.stringify(whole);
}

/** Slack incoming webhook, or the Web API with a bot token; the API says failures in a 200 answer. */
export const slack: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('slack', settings.address);
  const headers: Record<string, string> = settings.token === '' ? {} : { Authorization: `Bearer ${settings.token}` };
  return {
    async post(event, signal) {
      const answer = await postJson(http, url, message(settings, event, slackDialect), headers, signal);
      if (url.href === slackApi) requireOk(answer);
    },
  };
};

function requireOk(answer: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    throw new Error('postMessage failed: the answer of Slack is not JSON');
  }
  if (isRecord(parsed) && parsed['ok'] === true) return;
  const reason = isRecord(parsed) && typeof parsed['error'] === 'string' ? parsed['error'] : 'no reason given';
  throw new Error(`postMessage failed: Slack responded with error: ${reason}`);
}

/** Discord takes Slack's message under a path of its own. */
export const discord: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('discord', settings.address);
  if (!/\/slack\/*$/.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/+$/, '')}/slack`;
  return {
    async post(event, signal) {
      await postJson(http, url, message(settings, event, discordDialect), {}, signal);
    },
  };
};

/** Rocket.Chat takes Slack's message with colours as numbers. */
export const rocket: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('rocket', settings.address);
  required('rocket', 'username', settings.username);
  required('rocket', 'channel', settings.channel);
  return {
    async post(event, signal) {
      await postJson(http, url, message(settings, event, rocketDialect), {}, signal);
    },
  };
};
