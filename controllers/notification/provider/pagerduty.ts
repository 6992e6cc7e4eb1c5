import { type Event, isError } from '../event/event.ts';
import { describeReason } from './commit-status.ts';
import { type Notifier, type NotifierFactory, postJson, required, requireUrl } from './notifier.ts';

/** What the Events API v2 cuts a summary to. */
const longestSummary = 1024;

function title(event: Event): string {
  const { kind, name } = event.involvedObject;
  return `${describeReason(event.reason)}: ${kind}/${name}`.toLowerCase().slice(0, longestSummary);
}

function details({ message, metadata = {} }: Event): object {
  return { message, metadata };
}

/** Opens the incident of an object, or closes it. */
function incident(event: Event, routingKey: string): object {
  const key = { routing_key: routingKey, dedup_key: event.involvedObject.uid ?? '' };
  if (!isError(event)) return { ...key, event_action: 'resolve' };
  return {
    ...key,
    event_action: 'trigger',
    payload: {
      summary: title(event),
      source: `Flux ${event.reportingController}`,
      severity: 'error',
      timestamp: event.timestamp,
      component: event.involvedObject.name,
      group: event.involvedObject.kind,
      custom_details: details(event),
    },
  };
}

function change(event: Event, routingKey: string): object {
  return {
    routing_key: routingKey,
    payload: {
      summary: title(event),
      source: `Flux ${event.reportingController}`,
      timestamp: event.timestamp,
      custom_details: details(event),
    },
  };
}

/** Incidents by object, and each success as a change event; `Progressing` says neither. */
export const pagerduty: NotifierFactory = (settings, http): Notifier => {
  const { origin } = requireUrl('pagerduty', settings.address);
  const routingKey = required('pagerduty', 'channel', settings.channel);
  settings.hide(routingKey);
  return {
    async post(event, signal) {
      if (event.reason === 'Progressing') return;
      await postJson(http, `${origin}/v2/enqueue`, JSON.stringify(incident(event, routingKey)), {}, signal);
      if (isError(event)) return;
      await postJson(http, `${origin}/v2/change/enqueue`, JSON.stringify(change(event, routingKey)), {}, signal);
    },
  };
};
