import { type Event, isError, objectTitle, sortedMetadata } from '../event/event.ts';
import { type Notifier, type NotifierFactory, ProviderConfigError, postJson, required } from './notifier.ts';

/** Past this many characters the bot API refuses a message; those that escape others do not count. */
const longestText = 4096;

/** Everything that MarkdownV2 gives a meaning: https://core.telegram.org/bots/api#markdownv2-style */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[_*[\]()~`>#+\-=|{}.!\\]/g, String.raw`\$&`);
}

function messageText(event: Event): string {
  const title = objectTitle(event);
  const facts = sortedMetadata(event).map(([key, value]) => [key, value] as const);
  const around = title.length + facts.reduce((sum, [key, value]) => sum + key.length + value.length + 6, 0) + 8;
  const message = shorten(event.message, Math.max(longestText - around, 100));
  const lines = facts.map(([key, value]) => `\n\\- *${escapeMarkdown(key)}*: ${escapeMarkdown(value)}`);
  return `${isError(event) ? '🚨' : '💫'} *${escapeMarkdown(title)}*\n${escapeMarkdown(message)}${lines.join('')}`;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Through the bot API, which is at one place for everyone: the address is not used. The channel is `chat` or `chat:thread`. */
export const telegram: NotifierFactory = (settings, http): Notifier => {
  const token = required('telegram', 'token', settings.token);
  const [chat = '', thread, ...rest] = required('telegram', 'channel', settings.channel).split(':');
  if (chat === '' || rest.length > 0 || (thread !== undefined && !/^\d+$/.test(thread)))
    throw new ProviderConfigError(
      'invalid telegram channel: expected a chat, or chat:thread with the number of a thread',
    );
  const target = { chat_id: chat, ...(thread === undefined ? {} : { message_thread_id: Number(thread) }) };
  return {
    async post(event, signal) {
      const body = JSON.stringify({ ...target, text: messageText(event), parse_mode: 'MarkdownV2' });
      await postJson(http, `https://api.telegram.org/bot${token}/sendMessage`, body, {}, signal);
    },
  };
};
