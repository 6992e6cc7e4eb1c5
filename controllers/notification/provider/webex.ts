import { type Event, isError, objectTitle, sortedMetadata } from '../event/event.ts';
import { type Notifier, type NotifierFactory, postJson, required, requireUrl } from './notifier.ts';

function markdown(event: Event): string {
  const facts = sortedMetadata(event).map(([key, value]) => `>**${key}**: ${value}\n`);
  return `${isError(event) ? '💣' : '✅'} **${objectTitle(event)}**\n${event.message}\n${facts.join('')}`;
}

/** A message into the room that `channel` names by its id. */
export const webex: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('webex', settings.address);
  const roomId = required('webex', 'channel', settings.channel);
  const headers = { Authorization: `Bearer ${required('webex', 'token', settings.token)}` };
  return {
    async post(event, signal) {
      await postJson(http, url, JSON.stringify({ roomId, markdown: markdown(event) }), headers, signal);
    },
  };
};
