import { type Event, isError, objectTitle, sortedMetadata } from '../event/event.ts';
import { isRecord } from '../json-record.ts';
import { type Notifier, type NotifierFactory, postJson, requireUrl } from './notifier.ts';

function card(event: Event): object {
  const failed = isError(event);
  const facts = sortedMetadata(event).map(([key, value]) => `${key}: ${value}\n`);
  return {
    msg_type: 'interactive',
    card: {
      config: { wide_screen_mode: true },
      header: {
        title: { tag: 'plain_text', content: `${failed ? '🚨' : '💫'} ${objectTitle(event)}` },
        template: failed ? 'red' : 'turquoise',
      },
      elements: [{ tag: 'div', text: { tag: 'lark_md', content: `**${event.message}**\n\n${facts.join('')}` } }],
    },
  };
}

/** A message card for a custom bot of Lark or Feishu, which says failures in a 200 answer. */
export const lark: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('lark', settings.address);
  return {
    async post(event, signal) {
      const answer = await postJson(http, url, JSON.stringify(card(event)), {}, signal);
      refuseFailure(answer);
    },
  };
};

function refuseFailure(answer: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    return; // only a code says that it failed
  }
  if (isRecord(parsed) && typeof parsed['code'] === 'number' && parsed['code'] !== 0)
    throw new Error(`postMessage failed: Lark responded with code ${parsed['code']}: ${String(parsed['msg'] ?? '')}`);
}
