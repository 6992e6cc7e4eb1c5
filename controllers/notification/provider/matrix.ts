import { createHash } from 'node:crypto';
import { type Event, isError, objectTitle, sortedMetadata } from '../event/event.ts';
import { encodeEvent } from '../event/event-json.ts';
import { type Notifier, type NotifierFactory, postBody, required, requireUrl } from './notifier.ts';

function messageText(event: Event): string {
  const facts = sortedMetadata(event).map(([key, value]) => `\n- ${key}: ${value}`);
  return `${isError(event) ? '🚨' : '💫'} ${objectTitle(event)}\n${event.message}${facts.join('')}`;
}

/** A text message into the room that `channel` names. The transaction id is the event's own, so a repeated try is one message. */
export const matrix: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('matrix', settings.address);
  const room = encodeURIComponent(required('matrix', 'channel', settings.channel));
  const headers = { Authorization: `Bearer ${required('matrix', 'token', settings.token)}` };
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}/_matrix/client/r0/rooms/${room}/send/m.room.message`;
  return {
    async post(event, signal) {
      const transaction = createHash('sha1').update(encodeEvent(event)).digest('hex');
      const body = JSON.stringify({ body: messageText(event), msgtype: 'm.text' });
      await postBody(http, `${base}/${transaction}`, body, signal, { method: 'PUT', headers });
    },
  };
};
