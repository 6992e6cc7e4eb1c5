import { type Event, isError, objectTitle } from '../event/event.ts';
import { type Notifier, type NotifierFactory, postJson, requireUrl } from './notifier.ts';

interface Fact {
  readonly key: string;
  readonly value: string;
}

/** The summary first, the rest by name. */
function facts(event: Event): readonly Fact[] {
  const entries = Object.entries(event.metadata ?? {}).map(([key, value]) => ({ key, value }));
  const rank = (fact: Fact): string => (fact.key === 'summary' ? '' : fact.key);
  return entries.toSorted((a, b) => (rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b))));
}

/** MessageCard, for connectors of the old kind (`*.webhook.office.com`). */
function messageCard(event: Event): object {
  const title = objectTitle(event);
  return {
    '@type': 'MessageCard',
    '@context': 'http://schema.org/extensions',
    themeColor: isError(event) ? 'FF0000' : '0076D7',
    summary: title,
    sections: [
      {
        activityTitle: event.message,
        activitySubtitle: title,
        facts: facts(event).map(({ key, value }) => ({ name: key, value })),
      },
    ],
  };
}

/** Adaptive Card 1.4 in a message, for Workflows webhooks. */
function adaptiveCard(event: Event): object {
  const factSet = facts(event).map(({ key, value }) => ({ title: key, value }));
  const body = [
    { type: 'TextBlock', text: `**${objectTitle(event)}**`, size: 'large', weight: 'bolder', wrap: true },
    { type: 'TextBlock', text: event.message, color: isError(event) ? 'attention' : 'default', wrap: true },
    ...(factSet.length === 0 ? [] : [{ type: 'FactSet', facts: factSet }]),
  ];
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body,
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }],
  };
}

/** Microsoft Teams, by the kind of webhook that the host tells. */
export const msteams: NotifierFactory = (settings, http): Notifier => {
  const url = requireUrl('msteams', settings.address);
  const card = url.hostname.endsWith('.webhook.office.com') ? messageCard : adaptiveCard;
  return {
    async post(event, signal) {
      await postJson(http, url, JSON.stringify(card(event)), {}, signal);
    },
  };
};
