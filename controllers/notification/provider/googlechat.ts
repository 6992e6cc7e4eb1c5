import { type Event, isError, objectTitle, sortedMetadata } from '../event/event.ts';
import { type Notifier, type NotifierFactory, postJson, requireUrl } from './notifier.ts';

/** Card texts are a small HTML: what an error message quotes must not become a tag. */
function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A card of version 1: https://developers.google.com/chat/api/reference/rest/v1/cards-v1 */
function card(event: Event): object {
  const escaped = escapeHtml(event.message);
  const text = isError(event) ? `<font color="#ff0000">${escaped}</font>` : escaped;
  const facts = sortedMetadata(event).map(([topLabel, content]) => ({ keyValue: { topLabel, content } }));
  return {
    cards: [
      {
        header: { title: objectTitle(event), subtitle: event.reportingController },
        sections: [{ widgets: [{ textParagraph: { text } }] }, ...(facts.length === 0 ? [] : [{ widgets: facts }])],
      },
    ],
  };
}

export const googlechat: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('googlechat', settings.address);
  return {
    async post(event, signal) {
      await postJson(http, url, JSON.stringify(card(event)), {}, signal);
    },
  };
};
