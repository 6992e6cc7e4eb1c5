import { type Event, objectTitle, sortedMetadata } from '../event/event.ts';
import { type Notifier, type NotifierFactory, postJson, required, requireUrl } from './notifier.ts';

/** A rich message: https://developers.zoom.us/docs/team-chat/chatbot/customizing-messages/ */
function content(event: Event): object {
  const items = sortedMetadata(event).map(([key, value]) => ({ key, value }));
  return {
    head: { text: objectTitle(event), sub_head: { text: event.severity } },
    body: [{ type: 'message', text: event.message }, ...(items.length === 0 ? [] : [{ type: 'fields', items }])],
  };
}

/** Zoom Team Chat's incoming webhook; its verification token is sent as it is. */
export const zoom: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('zoom', settings.address);
  if (!url.searchParams.has('format')) url.searchParams.set('format', 'full');
  const headers = { Authorization: required('zoom', 'token', settings.token) };
  return {
    async post(event, signal) {
      await postJson(http, url, JSON.stringify({ content: content(event) }), headers, signal);
    },
  };
};
